import ComputationGraph

/// Hierarchical memory-aware scheduling after HMCOS: Wang et al., "Hierarchical Memory-Constrained Operator
/// Scheduling of Neural Architecture Search Networks", DAC 2022 (doi 10.1145/3489517.3530472).
///
/// 1. Operators are joined to *sequences* that never rise (``SequencePartition``), sequences to *groups*: the cells
///    in front of Concats, and what later cells can run early (``GroupFinder``).
/// 2. Sequences and groups are ordered by dynamic programming over ready sets (``HierarchicalSearch``), within the
///    best peak so far as budget; the inside of a group by context (``GroupResolver``).
/// 3. Groups that define values alive at the peak, and the groups right after these values, are dissolved, and step
///    2 is repeated until none of them is left.
///
/// A heuristic: a cell stays in one piece unless it touches the peak. Reconstructed or added here: the tie-breaks, all
/// by index, so that results are deterministic; groups that cannot depend on each other in a circle; reverse
/// post-order as the first budget and as the answer where nothing better is found; stopping once the peak meets the
/// forced-passage bound; a last round without groups where it does not; in every round a narrow search first, which
/// often meets the bound at once; safe moves and a bounded number of states, so that the time is bounded on every
/// graph.
public struct HMCOSScheduler: OperatorScheduler {
  /// `hmcos`.
  public var name: String { SchedulerName.hmcos.rawValue }

  /// The most states that a layer of the search may hold.
  public let maximumStatesPerLayer: Int

  /// The most work of one schedule, in elementary steps of about a nanosecond. Half of it is kept for the last round.
  public let maximumWork: Int

  private let maximumCuts = 64
  private let narrowWidth = 16

  /// Creates the scheduler.
  ///
  /// - Precondition: both limits are positive.
  public init(maximumStatesPerLayer: Int = 1024, maximumWork: Int = 2_000_000_000) {
    precondition(maximumStatesPerLayer > 0 && maximumWork > 0, "limits must be positive")
    self.maximumStatesPerLayer = maximumStatesPerLayer
    self.maximumWork = maximumWork
  }

  /// The best order found, never worse than reverse post-order; never throws for a verified graph.
  public func schedule(_ problem: MemoryProblem, timeLimit: Duration?) throws(SchedulingError) -> Schedule {
    let deadline = timeLimit.map { ContinuousClock.now + $0 }
    var best = try Schedule(
      order: ReversePostOrderScheduler.order(of: problem.graph), problem: problem, scheduler: name)
    if best.proof == .optimal { return best }
    let bound = MemoryBound.forcedPassage(
      problem, orders: [best.order], maximumCuts: maximumCuts, deadline: deadline
    ).bytes
    best = try Schedule(order: best.order, problem: problem, scheduler: name, lowerBytes: bound)
    if best.proof == .optimal { return best }

    let evaluator = IdealEvaluator(problem)
    var hierarchy = Hierarchy(problem, evaluator: evaluator)
    let width = max(1, min(maximumStatesPerLayer, 8_000_000 / evaluator.count))
    var resolver = GroupResolver(
      hierarchy, evaluator: evaluator, width: width,
      work: hierarchy.hasGroups ? maximumWork / 2 : maximumWork, deadline: deadline)
    while true {
      let (vertices, graph) = hierarchy.vertices()
      resolver.remainingWork -= 256 * evaluator.count
      for width in [narrowWidth, width] where best.proof != .optimal {
        var search = HierarchicalSearch(
          vertices: vertices, graph: graph, hierarchy: hierarchy, evaluator: evaluator,
          budget: best.peak.bytes, width: width, firstStepBytes: problem.unusedInputBytes)
        guard
          let found = search.run(
            executed: BitSet(capacity: evaluator.count), live: evaluator.initialBytes, floor: bound,
            groups: &resolver)
        else { continue }
        let schedule = try Schedule(
          order: found.order.map(OperatorID.init), problem: problem, scheduler: name, lowerBytes: bound)
        if schedule.peak.bytes <= best.peak.bytes { best = schedule }
      }
      if best.proof == .optimal || !hierarchy.hasGroups || resolver.isOutOfTime { return best }
      if resolver.remainingWork <= 0
        || !hierarchy.dissolve(defining: Self.definersAtPeak(of: best, in: problem))
      {
        hierarchy.dissolveAll()
      }
      if !hierarchy.hasGroups { resolver.remainingWork = max(resolver.remainingWork, 0) + maximumWork / 2 }
    }
  }

  /// The operators whose results are live at any step that reaches the peak.
  private static func definersAtPeak(of schedule: Schedule, in problem: MemoryProblem) -> Set<Int> {
    var step = [Int](repeating: 0, count: schedule.order.count)
    for (position, id) in schedule.order.enumerated() { step[id.index] = position }
    // peaksBefore[i] is the number of steps before i that reach the peak.
    var peaksBefore = [0]
    for bytes in schedule.profile.liveBytes {
      peaksBefore.append(peaksBefore[peaksBefore.count - 1] + (bytes == schedule.peak.bytes ? 1 : 0))
    }
    var definers: Set<Int> = []
    for storage in problem.storages {
      guard let producer = storage.producer else { continue }
      let first = step[producer.index]
      let last =
        storage.isKept ? schedule.order.count - 1 : storage.readers.reduce(first) { max($0, step[$1.index]) }
      if peaksBefore[last + 1] > peaksBefore[first] { definers.insert(producer.index) }
    }
    return definers
  }
}
