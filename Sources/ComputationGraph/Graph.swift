/// A computation graph with static shapes: operators that read and write tensors.
///
/// A graph is a value and is verified when it is constructed: identifiers are dense, names are unique, every
/// activation that is read has exactly one producer or is a graph input, there is no cycle, and no size
/// overflows. Everything downstream relies on that and checks nothing again.
///
///     var builder = GraphBuilder(name: "example")
///     let image = builder.input("image", shape: [1, 1, 28, 28])
///     let features = try builder.convolution(image, outputChannels: 8, kernel: 3, padding: 1)
///     let graph = try builder.build(outputs: [features])
public struct Graph: Hashable, Sendable {
  /// A name for people.
  public let name: String
  /// All tensors; a ``TensorID`` is an index into it.
  public let tensors: [Tensor]
  /// All operators; an ``OperatorID`` is an index into it. A file's order is kept, which need not be a valid one.
  public let operators: [Operator]
  /// Activations that are fed.
  public let inputs: [TensorID]
  /// Activations that are kept to the end.
  public let outputs: [TensorID]

  /// The producer of each tensor, by tensor index; nil for graph inputs and weights.
  public let producers: [OperatorID?]
  /// The distinct operators that read each tensor, ascending, by tensor index.
  public let readers: [[OperatorID]]
  /// The distinct operators each operator waits for, ascending, by operator index.
  public let predecessors: [[OperatorID]]
  /// The distinct operators that wait for each operator, ascending, by operator index.
  public let successors: [[OperatorID]]

  /// Creates and verifies a graph.
  ///
  /// - Throws: ``GraphError`` naming the operator or tensor that breaks a rule.
  /// - Complexity: linear in operators, tensors and their connections.
  public init(
    name: String, tensors: [Tensor], operators: [Operator], inputs: [TensorID], outputs: [TensorID]
  ) throws(GraphError) {
    try Self.verifyNames(tensors: tensors, operators: operators)
    try Self.verifyReferences(tensors: tensors, operators: operators, inputs: inputs, outputs: outputs)
    try Self.verifySizes(tensors)

    let isInput = Set(inputs)
    var producers = [OperatorID?](repeating: nil, count: tensors.count)
    for (index, node) in operators.enumerated() {
      for output in node.outputs {
        let tensor = tensors[output.index]
        if tensor.role == .weight { throw .weightIsProduced(tensor: tensor.name) }
        if isInput.contains(output) { throw .inputIsProduced(tensor: tensor.name) }
        if producers[output.index] != nil { throw .severalProducers(tensor: tensor.name) }
        producers[output.index] = OperatorID(index)
      }
    }
    var readers = [[OperatorID]](repeating: [], count: tensors.count)
    var predecessors = [[OperatorID]](repeating: [], count: operators.count)
    var successors = predecessors
    for (index, node) in operators.enumerated() {
      let id = OperatorID(index)
      var before: Set<OperatorID> = []
      for input in Set(node.inputs).sorted() {
        readers[input.index].append(id)
        if let producer = producers[input.index] {
          before.insert(producer)
        } else if tensors[input.index].role == .activation, !isInput.contains(input) {
          throw .noProducer(tensor: tensors[input.index].name)
        }
      }
      predecessors[index] = before.sorted()
      for producer in predecessors[index] { successors[producer.index].append(id) }
    }
    for output in outputs where tensors[output.index].role == .activation {
      if producers[output.index] == nil, !isInput.contains(output) {
        throw .noProducer(tensor: tensors[output.index].name)
      }
    }
    self.name = name
    self.tensors = tensors
    self.operators = operators
    self.inputs = inputs
    self.outputs = outputs
    self.producers = producers
    self.readers = readers
    self.predecessors = predecessors
    self.successors = successors
    try verifyAcyclic()
    for node in operators { try verify(node) }
  }

  /// The tensor with this identifier.
  public subscript(id: TensorID) -> Tensor { tensors[id.index] }

  /// The operator with this identifier.
  public subscript(id: OperatorID) -> Operator { operators[id.index] }

  /// The identifiers of all operators, in the file's order.
  public var operatorIDs: [OperatorID] { operators.indices.map(OperatorID.init) }

  /// The activations that `id` reads, in order, repetitions included.
  public func activationInputs(of id: OperatorID) -> [TensorID] {
    operators[id.index].inputs.filter { tensors[$0.index].role == .activation }
  }

  /// The weights that `id` reads, in order.
  public func weightInputs(of id: OperatorID) -> [TensorID] {
    operators[id.index].inputs.filter { tensors[$0.index].role == .weight }
  }

  /// All weights, ascending.
  public var weights: [TensorID] {
    tensors.indices.filter { tensors[$0].role == .weight }.map(TensorID.init)
  }
}
