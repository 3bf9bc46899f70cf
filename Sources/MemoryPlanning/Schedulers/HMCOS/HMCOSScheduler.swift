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
/// trivial bound; a last round without groups if no order within the budget was found with them; safe moves and a
/// bounded number of states, so that the time is bounded on every graph.
public struct HMCOSScheduler: OperatorScheduler {
  /// `hmcos`.
  public var name: String { SchedulerName.hmcos.rawValue }

  /// The most states that a layer of the search may hold.
  public let maximumStatesPerLayer: Int

  /// The work of one round of the search, in states times operators, from which on layers hold fewer states.
  public let maximumWorkPerRound: Int

  /// Creates the scheduler.
  ///
  /// - Precondition: both limits are positive.
  public init(maximumStatesPerLayer: Int = 1024, maximumWorkPerRound: Int = 400_000_000) {
    precondition(maximumStatesPerLayer > 0 && maximumWorkPerRound > 0, "limits must be positive")
    self.maximumStatesPerLayer = maximumStatesPerLayer
    self.maximumWorkPerRound = maximumWorkPerRound
  }

  /// The best order found, never worse than reverse post-order; never throws for a verified graph.
  public func schedule(_ problem: MemoryProblem) throws(SchedulingError) -> Schedule {
    var best = try Schedule(
      order: ReversePostOrderScheduler.order(of: problem.graph), problem: problem, scheduler: name)
    let bound = MemoryBound.trivial(problem).bytes
    if best.peak.bytes == bound { return best }

    let evaluator = IdealEvaluator(problem)
    var hierarchy = Hierarchy(problem, evaluator: evaluator)
    let width = max(
      1,
      min(maximumStatesPerLayer, maximumWorkPerRound / evaluator.count / hierarchy.partition.sequences.count))
    var resolver = GroupResolver(hierarchy, evaluator: evaluator, width: width)
    while true {
      let (vertices, graph) = hierarchy.vertices()
      var search = HierarchicalSearch(
        vertices: vertices, graph: graph, hierarchy: hierarchy, evaluator: evaluator,
        budget: best.peak.bytes, width: width)
      let found = search.run(
        executed: BitSet(capacity: evaluator.count), live: evaluator.initialBytes, floor: bound,
        groups: &resolver)
      if let found {
        let schedule = try Schedule(
          order: found.order.map(OperatorID.init), problem: problem, scheduler: name)
        if schedule.peak.bytes <= best.peak.bytes { best = schedule }
        if best.peak.bytes == bound { return best }
      }
      if hierarchy.dissolve(defining: Self.definersAtPeak(of: best, in: problem)) { continue }
      guard found == nil, hierarchy.hasGroups else { return best }
      hierarchy.dissolveAll()
    }
  }

  /// The operators whose results are live at any step that reaches the peak.
  static func definersAtPeak(of schedule: Schedule, in problem: MemoryProblem) -> Set<Int> {
    var step = [Int](repeating: 0, count: schedule.order.count)
    for (position, id) in schedule.order.enumerated() { step[id.index] = position }
    let peaks = schedule.profile.liveBytes.indices.filter {
      schedule.profile.liveBytes[$0] == schedule.peak.bytes
    }
    var definers: Set<Int> = []
    for storage in problem.storages {
      guard let producer = storage.producer else { continue }
      let first = step[producer.index]
      let last =
        storage.isKept ? schedule.order.count - 1 : storage.readers.reduce(first) { max($0, step[$1.index]) }
      if peaks.contains(where: { first <= $0 && $0 <= last }) { definers.insert(producer.index) }
    }
    return definers
  }
}
