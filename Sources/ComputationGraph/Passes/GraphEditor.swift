/// A graph taken apart for rewriting: operators can be replaced or removed, tensors added, then everything is
/// renumbered and verified again.
struct GraphEditor {
  private let name: String
  private(set) var tensors: [Tensor]
  private(set) var operators: [Operator?]
  private let inputs: [TensorID]
  private let outputs: [TensorID]

  init(_ graph: Graph) {
    name = graph.name
    tensors = graph.tensors
    operators = graph.operators
    inputs = graph.inputs
    outputs = graph.outputs
  }

  init(name: String, tensors: [Tensor], operators: [Operator], inputs: [TensorID], outputs: [TensorID]) {
    self.name = name
    self.tensors = tensors
    self.operators = operators
    self.inputs = inputs
    self.outputs = outputs
  }

  mutating func addTensor(_ tensor: Tensor) -> TensorID {
    tensors.append(tensor)
    return TensorID(tensors.count - 1)
  }

  mutating func replace(_ id: OperatorID, with node: Operator?) { operators[id.index] = node }

  /// The edited graph: operators keep their relative order, tensors that nothing mentions are dropped.
  func rebuild() throws(GraphError) -> Graph {
    let remaining = operators.compactMap { $0 }
    var mentioned = Set(inputs + outputs)
    for node in remaining { mentioned.formUnion(node.inputs + node.outputs) }
    var newID = [TensorID](repeating: TensorID(-1), count: tensors.count)
    var kept: [Tensor] = []
    for index in tensors.indices where mentioned.contains(TensorID(index)) {
      newID[index] = TensorID(kept.count)
      kept.append(tensors[index])
    }
    return try Graph(
      name: name, tensors: kept,
      operators: remaining.map { node in
        Operator(
          name: node.name, kind: node.kind, inputs: node.inputs.map { newID[$0.index] },
          outputs: node.outputs.map { newID[$0.index] })
      },
      inputs: inputs.map { newID[$0.index] }, outputs: outputs.map { newID[$0.index] })
  }
}
