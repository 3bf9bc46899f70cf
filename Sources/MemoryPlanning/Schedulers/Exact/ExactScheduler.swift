import ComputationGraph

/// The order with the lowest peak, proved.
///
/// 1. A lower bound by minimum cuts (``MemoryBound/forcedPassage(_:orders:maximumCuts:deadline:)``). If reverse post-order or
///    Kahn's order meets it, that is all.
/// 2. A search within the bound that commits for good to every set of operators that is reached without going above
///    the bound, lies no higher than where it started, and is the least in between. Only where no such set is known
///    are the states of a region tried out one by one; a region without success proves the bound too low, and it
///    rises to the least that was blocked.
///
/// Exact by the submodularity of live bytes; the method is this package's own. Deterministic unless it has a time
/// limit. Complexity: exponential at worst in the largest region; linear but for the cuts where there is none.
///
/// When a limit runs out, the answer is the best order known, with the bound proved so far: reverse post-order, Kahn's
/// order, that of ``HMCOSScheduler``, or what the search has committed to and completes within a higher bound
/// (``SearchCompletion``).
public struct ExactScheduler: OperatorScheduler {
  /// `exact`.
  public var name: String { SchedulerName.exact.rawValue }

  /// The most states to expand; nil for no limit.
  public let stateLimit: Int?

  /// The memory that a region's states may take, in bytes, at most 4 GiB; buffers that grow can exceed it by twice
  /// as much for a moment.
  public let memoryLimitBytes: Int

  /// For tests of the search: the bound to start from, whatever cuts and simple orders would have shown.
  package var startBytes: Int?

  private let maximumFirstOperators = 256

  /// Creates the scheduler.
  ///
  /// - Precondition: no limit is negative.
  public init(stateLimit: Int? = 2_000_000, memoryLimitBytes: Int = 256 << 20) {
    precondition(stateLimit ?? 0 >= 0 && memoryLimitBytes >= 0, "limits must not be negative")
    self.stateLimit = stateLimit
    self.memoryLimitBytes = min(memoryLimitBytes, 4 << 30)
  }

  /// The best order within the limits; never throws for a verified graph.
  public func schedule(_ problem: MemoryProblem, timeLimit: Duration?) throws(SchedulingError) -> Schedule {
    try certifiedSchedule(problem, timeLimit: timeLimit).schedule
  }

  /// The best order within the limits and what its proof rests on; never throws for a verified graph.
  ///
  /// - Parameter timeLimit: kept to within the time of one minimum cut. A quarter of it is for finding another order if
  ///   there is no proof by then.
  public func certifiedSchedule(
    _ problem: MemoryProblem, timeLimit: Duration? = nil
  ) throws(SchedulingError) -> (schedule: Schedule, certificate: ExactCertificate) {
    let start = ContinuousClock.now
    let deadline = timeLimit.map { start + $0 * 3 / 4 }
    let known = [ReversePostOrderScheduler.order(of: problem.graph), problem.graph.kahnOrder()]
    let passage =
      startBytes.map { (bytes: $0, operatorID: nil, cuts: 0) }
      ?? MemoryBound.forcedPassage(problem, orders: known, deadline: deadline)
    let initial = initialBound(problem, passage)
    var best = try Schedule(order: known[0], problem: problem, scheduler: name, lowerBytes: passage.bytes)
    if best.proof != .optimal {
      best = try better(best, known[1], problem, bound: passage.bytes)
    }
    if best.proof == .optimal, startBytes == nil || problem.graph.operators.isEmpty {
      return (
        best, ExactCertificate(initialBound: initial, boundBytes: best.peak.bytes, peakBytes: best.peak.bytes)
      )
    }

    let limits = SearchLimits(deadline: deadline, states: stateLimit, memoryBytes: memoryLimitBytes)
    var starts = SearchStarts(
      problem, bound: passage.bytes, limits: limits, maximumCount: maximumFirstOperators)
    if starts.run(ceiling: startBytes == nil ? best.peak.bytes : .max) {
      best = try Schedule(
        order: starts.committed, problem: problem, scheduler: name, lowerBytes: starts.bound)
      precondition(best.peak.bytes == starts.bound, "the order's peak is not the bound that was proved")
    } else {
      best = try Schedule(order: best.order, problem: problem, scheduler: name, lowerBytes: starts.bound)
      if best.proof != .optimal {
        let timeLeft = timeLimit.map { max(.zero, start + $0 - .now) }
        let hierarchical = try HMCOSScheduler().schedule(problem, timeLimit: timeLeft.map { $0 / 2 })
        best = try better(best, hierarchical.order, problem, bound: starts.bound)
        let completion = SearchCompletion(
          problem: problem, prefix: starts.committed, bound: starts.bound,
          limits: SearchLimits(deadline: timeLimit.map { start + $0 }, memoryBytes: memoryLimitBytes))
        for order in completion.orders(below: best.peak.bytes) {
          best = try better(best, order, problem, bound: starts.bound)
        }
      }
    }
    return (
      best,
      ExactCertificate(
        initialBound: initial, raises: starts.raises,
        commits: starts.searches.reduce(0) { $0 + $1.commits },
        expandedStates: starts.searches.reduce(0) { $0 + $1.expandedStates }, boundBytes: starts.bound,
        peakBytes: best.peak.bytes)
    )
  }

  private func better(
    _ schedule: Schedule, _ order: [OperatorID], _ problem: MemoryProblem, bound: Int
  ) throws(SchedulingError) -> Schedule {
    let other = try Schedule(order: order, problem: problem, scheduler: name, lowerBytes: bound)
    return other.peak.bytes < schedule.peak.bytes ? other : schedule
  }

  private func initialBound(
    _ problem: MemoryProblem, _ passage: (bytes: Int, operatorID: OperatorID?, cuts: Int)
  ) -> ExactCertificate.InitialBound {
    let isTrivial = passage.bytes == MemoryBound.trivial(problem).bytes
    return ExactCertificate.InitialBound(
      bytes: passage.bytes, source: isTrivial ? .trivial : .forcedPassage,
      operatorIndex: passage.operatorID?.index,
      operatorName: passage.operatorID.map { problem.graph[$0].name } ?? "", cuts: passage.cuts)
  }
}
