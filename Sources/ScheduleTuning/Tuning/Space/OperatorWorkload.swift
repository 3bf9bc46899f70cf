import ComputationGraph
import Kernels

/// One operator by itself, whatever network it is in: what kernel schedules are tuned for.
public struct OperatorWorkload: Hashable, Sendable {
  /// The graph of this operator alone: the activations that it reads are inputs, its results outputs.
  public let graph: Graph
  /// Equal for operators whose execution is the same, names apart: 64 hexadecimal digits.
  public let key: String

  /// The operator in ``graph``.
  public var id: OperatorID { OperatorID(0) }

  /// Takes an operator out of a network.
  ///
  /// - Precondition: `id` is an operator of `graph`.
  /// - Throws: `GraphError` if the operator cannot stand alone.
  public init(of id: OperatorID, in graph: Graph) throws(GraphError) {
    self.graph = try graph.containing(id)
    key = Workload(of: id, in: graph).key
  }

  /// Kind, window, shapes and fused activations for people: `Conv 3×3 1×16×28×28 → 1×32×28×28, relu after`.
  public var summary: String {
    let node = graph[id]
    func shapes(_ ids: [TensorID]) -> String {
      ids.filter { graph[$0].role == .activation }.map {
        graph[$0].shape.description + (graph[$0].layout == .nchw ? "" : " \(graph[$0].layout.rawValue)")
      }.joined(separator: ", ")
    }
    return node.kind.typeName + windowText(of: node) + " \(shapes(node.inputs)) → \(shapes(node.outputs))"
      + activationText(of: node)
  }

  private func activationText(of node: Operator) -> String {
    switch node.kind {
    case .convolution(_, _, let before, let after):
      (before == .none ? "" : ", \(before.rawValue) before")
        + (after == .none ? "" : ", \(after.rawValue) after")
    default: ""
    }
  }

  private func windowText(of node: Operator) -> String {
    let window: Window2D
    var groups = 1
    switch node.kind {
    case .convolution(let own, let count, _, _): (window, groups) = (own, count)
    case .maxPool(let own), .averagePool(let own, _): window = own
    default: return ""
    }
    var text = " \(window.kernel.height)×\(window.kernel.width)"
    if window.stride != Size2D(1) { text += " stride \(max(window.stride.height, window.stride.width))" }
    if window.dilation != Size2D(1) {
      text += " dilation \(max(window.dilation.height, window.dilation.width))"
    }
    return text + (groups > 1 ? " groups \(groups)" : "")
  }
}

extension Graph {
  /// The graph of one operator alone: the activations that it reads are inputs, its results outputs.
  func containing(_ id: OperatorID) throws(GraphError) -> Graph {
    let node = self[id]
    let used = Set(node.inputs + node.outputs).sorted()
    var numbers: [TensorID: TensorID] = [:]
    for (number, tensor) in used.enumerated() { numbers[tensor] = TensorID(number) }
    func renumbered(_ tensors: [TensorID]) -> [TensorID] { tensors.map { numbers[$0]! } }
    return try Graph(
      name: node.name, tensors: used.map { self[$0] },
      operators: [
        Operator(
          name: node.name, kind: node.kind, inputs: renumbered(node.inputs),
          outputs: renumbered(node.outputs))
      ],
      inputs: renumbered(used.filter { node.inputs.contains($0) && self[$0].role == .activation }),
      outputs: renumbered(node.outputs))
  }
}
