import ComputationGraph

/// One search from the empty state, or, where graph inputs that nobody reads weigh on the first step, one for every
/// operator that can come first.
///
/// With such inputs the empty state is not like any other, and safe commits from it would need a proof of their
/// own. After the first step the inputs are gone. The search with the lowest bound goes on until another has a lower
/// one; the first to complete has the optimum.
struct SearchStarts {
  private(set) var searches: [ExactSearch] = []
  /// No order has a lower peak.
  private(set) var bound: Int
  /// How it rose.
  private(set) var raises: [ExactCertificate.Raise] = []

  private let problem: MemoryProblem
  private let limits: SearchLimits
  /// First operators without a search of their own yet, by falling bound.
  private var waiting: [(id: OperatorID, bound: Int)] = []
  private let maximumCount: Int
  private var leader: ExactSearch?

  init(_ problem: MemoryProblem, bound: Int, limits: SearchLimits, maximumCount: Int) {
    self.problem = problem
    self.bound = bound
    self.limits = limits
    self.maximumCount = maximumCount
    if problem.unusedInputBytes == 0 {
      searches = [ExactSearch(problem, bound: bound, limits: limits)]
    } else {
      let state = LiveState(problem)
      waiting = problem.graph.operatorIDs.filter { problem.graph.predecessors[$0.index].isEmpty }.map { id in
        var first = state
        return (id, max(bound, first.run(id)))
      }
      waiting.sort { ($0.bound, $0.id) > ($1.bound, $1.id) }
    }
  }

  /// The order that was found, or what the best search is committed to.
  var committed: [OperatorID] { leader?.committed ?? [] }

  /// Searches until an order is found and proved; false if the limits run out or the bound reaches `ceiling` first.
  mutating func run(ceiling: Int) -> Bool {
    var closedStates = 0
    while true {
      var next = searches.min { $0.bound < $1.bound }
      if let start = waiting.last, start.bound < next?.bound ?? .max {
        raise(to: start.bound, closedStates: closedStates)
        if bound >= ceiling || searches.count == maximumCount { return false }
        waiting.removeLast()
        next = ExactSearch(problem, bound: start.bound, prefix: [start.id], limits: limits)
        searches.append(next!)
      }
      guard let search = next else { preconditionFailure("a graph with operators has a first one") }
      leader = search
      raise(to: search.bound, closedStates: closedStates)
      if bound >= ceiling { return false }
      switch search.advance() {
      case .complete: return true
      case .raised(let states): closedStates = states
      case .exhausted: return false
      }
    }
  }

  private mutating func raise(to bytes: Int, closedStates: Int) {
    if bytes <= bound { return }
    raises.append(
      ExactCertificate.Raise(
        fromBytes: bound, toBytes: bytes, closedStates: closedStates,
        committedOperators: leader?.cursor.depth ?? 0))
    bound = bytes
  }
}
