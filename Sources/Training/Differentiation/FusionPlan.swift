import ComputationGraph

/// Which operators of a graph are computed together in training.
///
/// A batch norm that only one sum reads becomes a term of that sum; every ReLU of a batch norm's or sum's result is
/// computed with it; ReLUs of one tensor are computed once. The graph stays as it is: this is a reading of it.
struct FusionPlan {
  /// A sum of (normalised) tensors with its rectified form.
  struct Combination {
    /// One summand: a tensor, normalised or not.
    struct Term {
      let input: TensorID
      let batchNormalization: OperatorID?
    }
    var terms: [Term]
    /// The tensor of the sum itself, if anything reads it.
    var plain: TensorID?
    /// The tensors that hold the rectified sum.
    var rectified: [TensorID]
  }

  private var needed: [Bool]
  private var combinations: [OperatorID: Combination] = [:]

  init(_ graph: Graph) throws(TrainingError) {
    needed = [Bool](repeating: false, count: graph.operators.count)
    for id in graph.kahnOrder().reversed() {
      let node = graph[id]
      needed[id.index] = node.outputs.contains { output in
        graph.outputs.contains(output) || graph.readers[output.index].contains { needed[$0.index] }
      }
    }
    var absorbed: Set<OperatorID> = []
    let order = graph.kahnOrder().filter { needed[$0.index] }
    for id in order {
      guard case .add = graph[id].kind else { continue }
      for input in graph[id].inputs where Self.isAbsorbable(input, by: id, in: graph, needed: needed) {
        absorbed.insert(graph.producers[input.index]!)
      }
    }
    for id in order where !absorbed.contains(id) {
      if let terms = Self.terms(of: id, in: graph, absorbed: absorbed) {
        combinations[id] = Self.combination(terms, of: id, in: graph, needed: needed)
      }
    }
    addRemainingRectifiers(graph, order: order)
  }

  /// Whether the output depends on an operator.
  func isNeeded(_ id: OperatorID) -> Bool { needed[id.index] }

  /// The combination whose node stands at this operator's place; nil for operators computed elsewhere.
  func combination(rootedAt id: OperatorID) -> Combination? { combinations[id] }

  /// The summands of a batch norm or sum; nil for other operators.
  private static func terms(of id: OperatorID, in graph: Graph, absorbed: Set<OperatorID>) -> [Combination
    .Term]?
  {
    let node = graph[id]
    switch node.kind {
    case .batchNormalization:
      return [Combination.Term(input: node.inputs[0], batchNormalization: id)]
    case .add:
      return node.inputs.map { input in
        guard let producer = graph.producers[input.index], absorbed.contains(producer) else {
          return Combination.Term(input: input, batchNormalization: nil)
        }
        return Combination.Term(input: graph[producer].inputs[0], batchNormalization: producer)
      }
    default: return nil
    }
  }

  private static func combination(
    _ terms: [Combination.Term], of id: OperatorID, in graph: Graph, needed: [Bool]
  ) -> Combination {
    let output = graph[id].outputs[0]
    switch graph[id].kind {
    case .batchNormalization(_, .relu), .add(.relu):
      return Combination(terms: terms, plain: nil, rectified: [output])
    default: break
    }
    let readers = graph.readers[output.index].filter { needed[$0.index] }
    let rectifiers = readers.filter { graph[$0].kind == .relu }
    let isRead = graph.outputs.contains(output) || rectifiers.count < readers.count
    return Combination(
      terms: terms, plain: isRead ? output : nil, rectified: rectifiers.map { graph[$0].outputs[0] })
  }

  /// ReLUs of tensors that no combination produces: one node for all of the same tensor.
  private mutating func addRemainingRectifiers(_ graph: Graph, order: [OperatorID]) {
    let done = Set(combinations.values.flatMap(\.rectified))
    var first: [TensorID: OperatorID] = [:]
    for id in order where graph[id].kind == .relu && !done.contains(graph[id].outputs[0]) {
      let input = graph[id].inputs[0]
      if let root = first[input] {
        combinations[root]?.rectified.append(graph[id].outputs[0])
      } else {
        first[input] = id
        combinations[id] = Combination(
          terms: [Combination.Term(input: input, batchNormalization: nil)], plain: nil,
          rectified: [graph[id].outputs[0]])
      }
    }
  }

  /// Whether a sum's input is a plain batch norm's result that nothing else needs.
  private static func isAbsorbable(_ input: TensorID, by id: OperatorID, in graph: Graph, needed: [Bool])
    -> Bool
  {
    guard let producer = graph.producers[input.index],
      case .batchNormalization(_, .none) = graph[producer].kind,
      graph.readers[input.index].filter({ needed[$0.index] }) == [id],
      graph[id].inputs.filter({ $0 == input }).count == 1
    else { return false }
    return !graph.outputs.contains(input)
  }
}
