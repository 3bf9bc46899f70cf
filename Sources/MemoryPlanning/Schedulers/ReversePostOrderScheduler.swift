import ComputationGraph

/// Depth-first order from the graph's outputs: an operator runs as soon as everything it needs has run. The usual
/// default of compilers and the baseline of HMCOS. A heuristic.
///
/// Seen along the edges from readers to producers it is a post-order, that is a reverse post-order of the graph.
/// Ties are broken by position: outputs in the graph's order, then operators that lead to no output in the
/// graph's order; the producers of an operator's inputs in the order of the inputs.
public struct ReversePostOrderScheduler: OperatorScheduler {
  /// `rpo`.
  public var name: String { SchedulerName.rpo.rawValue }

  /// Creates the scheduler.
  public init() {}

  /// The depth-first order; never throws for a verified graph.
  ///
  /// - Complexity: linear.
  public func schedule(_ problem: MemoryProblem, timeLimit: Duration?) throws(SchedulingError) -> Schedule {
    try Schedule(order: Self.order(of: problem.graph), problem: problem, scheduler: name)
  }

  /// The order itself.
  static func order(of graph: Graph) -> [OperatorID] {
    let outputs = graph.outputs.compactMap { graph.producers[$0.index] }
    let deadEnds = graph.operatorIDs.filter { graph.successors[$0.index].isEmpty }
    return depthFirstPostOrder(count: graph.operators.count, roots: (outputs + deadEnds).map(\.index)) {
      index in
      graph.operators[index].inputs.compactMap { graph.producers[$0.index]?.index }
    }.map(OperatorID.init)
  }
}

/// The vertices reachable from `roots` in depth-first post-order: each after all that `next` gives for it.
///
/// An explicit stack, so that long chains do not exhaust the thread's.
func depthFirstPostOrder(count: Int, roots: [Int], next: (Int) -> [Int]) -> [Int] {
  var seen = [Bool](repeating: false, count: count)
  var order: [Int] = []
  order.reserveCapacity(count)
  var stack: [(vertex: Int, next: [Int], position: Int)] = []
  for root in roots where !seen[root] {
    seen[root] = true
    stack.append((root, next(root), 0))
    while let top = stack.last {
      if top.position == top.next.count {
        order.append(top.vertex)
        stack.removeLast()
        continue
      }
      stack[stack.count - 1].position += 1
      let vertex = top.next[top.position]
      if !seen[vertex] {
        seen[vertex] = true
        stack.append((vertex, next(vertex), 0))
      }
    }
  }
  return order
}
