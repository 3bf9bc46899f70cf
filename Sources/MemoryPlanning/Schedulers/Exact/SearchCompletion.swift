import ComputationGraph

/// Completes what a search has committed to when its limits have run out.
struct SearchCompletion {
  let problem: MemoryProblem
  /// Operators that can run in this order.
  let prefix: [OperatorID]
  /// A proved bound, within which no order was found.
  let bound: Int
  let limits: SearchLimits

  private let statesPerStep = [500, 8_000, 32_000]
  private let steps = 16

  init(problem: MemoryProblem, prefix: [OperatorID], bound: Int, limits: SearchLimits) {
    self.problem = problem
    self.prefix = prefix
    self.bound = bound
    self.limits = limits
  }

  /// Orders that begin with the prefix, better ones later: a greedy one, and one from every search that found an
  /// order below `ceiling` and below those before it.
  ///
  /// - Complexity: a bounded number of states, and for the greedy order the number of operators times the number
  ///   that are ready at once.
  func orders(below ceiling: Int) -> [[OperatorID]] {
    var orders = [greedyOrder()]
    var ceiling = ceiling
    for states in statesPerStep {
      guard let found = order(below: ceiling, statesPerStep: states) else { continue }
      orders.append(found.order)
      ceiling = found.bound
    }
    return orders
  }

  /// The search with a bound that goes up a step whenever a region takes too long: not exact, but within its bound.
  private func order(below ceiling: Int, statesPerStep: Int) -> (order: [OperatorID], bound: Int)? {
    let search = ExactSearch(problem, bound: bound, prefix: prefix, limits: limits)
    search.assume(bound: bound, states: statesPerStep)
    let step = max(1, (ceiling - bound) / steps)
    while search.bound < ceiling {
      switch search.advance() {
      case .complete: return (search.committed, search.bound)
      case .raised: search.assume(bound: search.bound, states: statesPerStep)
      case .exhausted:
        if let deadline = limits.deadline, ContinuousClock.now > deadline { return nil }
        search.assume(bound: search.bound + step, states: statesPerStep)
      }
    }
    return nil
  }

  /// Whatever raises memory least comes next.
  private func greedyOrder() -> [OperatorID] {
    let cursor = SearchCursor(problem)
    for id in prefix { cursor.push(Int32(id.index)) }
    while !cursor.isComplete {
      var best: Int32 = -1
      var least = (net: Int.max, transient: Int.max)
      for index in 0..<cursor.readyCount {
        let v = cursor.ready[index]
        let cost = (max(cursor.netChange(Int(v)), 0), cursor.transient(Int(v)))
        if cost < least { (best, least) = (v, cost) }
      }
      cursor.push(best)
      cursor.clearTouched()
    }
    return (0..<cursor.depth).map { OperatorID(Int(cursor.moves[$0])) }
  }
}
