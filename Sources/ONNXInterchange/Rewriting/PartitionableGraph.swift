import ComputationGraph

/// What rewriting needs to know of a model: shapes, who writes and who reads each tensor, and its weights.
struct PartitionableGraph: Sendable {
  let proto: Onnx_ModelProto
  /// The model without the values of its initializers, which scheduling does not need.
  let outline: Onnx_ModelProto
  let file: String
  let graph: Graph
  let weights: ModelWeights
  /// Shape and type of every tensor and weight.
  let types: [String: ValueType]
  /// The nodes in an order in which each stands after those that it reads from, by index in the file.
  let order: [Int]
  /// The Concats with the parts of their results, by index in the file.
  let concats: [Int: TensorPartition]
  /// The names of all tensors and nodes.
  let names: NameSet
  private let readersByTensor: [String: [Int]]
  private let outputs: Set<String>

  /// Reads a model that can be scheduled.
  ///
  /// - Throws: whatever ``ONNXModel/schedulingGraph()`` throws, and
  ///   ``ONNXError/invalidShape(file:tensor:reason:)`` for a weight whose values are not as many as its shape says.
  init(_ model: ONNXModel) throws(ONNXError) {
    let (graph, nodeIndices) = try model.schedulingGraph()
    proto = model.proto
    file = model.source
    self.graph = graph
    order = graph.kahnOrder().map { nodeIndices[$0.index] }
    outputs = Set(model.proto.graph.output.map(\.name))
    types = Dictionary(
      graph.tensors.map { ($0.name, ValueType(shape: $0.shape, elementType: $0.elementType)) },
      uniquingKeysWith: { first, _ in first })
    weights = ModelWeights(model.proto)
    if let (name, reason) = weights.firstFault() {
      throw .invalidShape(file: model.source, tensor: name, reason: reason)
    }
    var outline = model.proto
    outline.graph.initializer = outline.graph.initializer.map(\.outline)
    self.outline = outline
    names = NameSet(reserved: graph.tensors.map(\.name) + model.proto.graph.node.map(\.name))
    var readers: [String: [Int]] = [:]
    for (index, node) in model.proto.graph.node.enumerated() {
      for input in Set(node.input) where !input.isEmpty { readers[input, default: []].append(index) }
    }
    readersByTensor = readers
    var concats: [Int: TensorPartition] = [:]
    for index in order {
      if let partition = Self.partition(of: model.proto.graph.node[index], types) {
        concats[index] = partition
      }
    }
    self.concats = concats
  }

  /// The nodes that read a tensor, by index in the file, ascending.
  func readers(of tensor: String) -> [Int] { readersByTensor[tensor] ?? [] }

  func isOutput(_ tensor: String) -> Bool { outputs.contains(tensor) }

  /// A name for people and to derive names from.
  func label(_ index: Int) -> String {
    let node = proto.graph.node[index]
    return node.name.isEmpty ? node.output.first ?? node.opType : node.name
  }

  /// The axis along which a node concatenates, or nil.
  func concatAxis(of index: Int) -> Int? { concats[index]?.axis }

  /// The inputs of a Concat as parts of its result.
  private static func partition(of node: Onnx_NodeProto, _ types: [String: ValueType]) -> TensorPartition? {
    guard node.opType == "Concat", node.domain.isEmpty || node.domain == "ai.onnx", node.output.count == 1,
      let result = types[node.output[0]], !node.input.isEmpty
    else { return nil }
    let rank = result.shape.rank
    let given = NodeAttributes(node).integer("axis", default: Int.max)
    guard (-rank..<rank).contains(given) else { return nil }
    let axis = given < 0 ? given + rank : given
    var parts: [TensorPartition.Part] = []
    for input in node.input {
      guard let type = types[input], type.elementType == result.elementType, type.shape.rank == rank,
        (0..<rank).allSatisfy({ $0 == axis || type.shape[$0] == result.shape[$0] }), type.shape[axis] > 0
      else { return nil }
      parts.append(.init(tensor: input, extent: type.shape[axis]))
    }
    let partition = TensorPartition(axis: axis, parts: parts)
    return partition.extent == result.shape[axis] ? partition : nil
  }
}
