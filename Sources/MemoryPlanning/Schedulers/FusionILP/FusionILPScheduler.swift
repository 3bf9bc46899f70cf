import ComputationGraph

/// Graph fusion, then an integer program for what is left, after Zhong et al., "Memory-aware Scheduling for Complex Wired
/// Networks with Iterative Graph Optimization", ICCAD 2023 (doi 10.48550/arXiv.2308.13898).
///
/// Reconstructed from the abstract, which names an iterative graph fusion that preserves the optimum, an integer
/// program and pruning of its variables by the topology; conditions, formulation and pruning are this package's own.
///
/// 1. Operators that some best order keeps together become one block, to a fixpoint (``GraphFusion``, with proofs).
/// 2. The blocks are cut into pieces at those that come before or after every other one (``SchedulingPiece``).
/// 3. In each piece the best of reverse post-order, Kahn's and HMCOS's order is compared with the forced-passage
///    bound. Only pieces above it go on.
/// 4. Pairs of blocks whose order is the same wherever the peak is lower than the best known are fixed; if a pair allows
///    neither order, the best known is optimal (``OrderPruning``).
/// 5. HiGHS solves an integer program for the rest (``OrderingProgram``).
///
/// Every order is evaluated exactly, and the optimum is claimed only where a bound meets it. Bounds by HiGHS are as
/// good as floating point: they count only beyond its tolerances. Deterministic, unless a time limit is met. Nothing
/// but step 5 needs HiGHS. Graphs of more than 8,192 operators get HMCOS's order with the forced-passage bound.
public struct FusionILPScheduler: OperatorScheduler {
  /// `fusion-ilp`.
  public var name: String { SchedulerName.fusionILP.rawValue }

  /// The most time for fixing pairs and for HiGHS, even where the schedule itself has no limit.
  public let programTimeLimit: Duration

  /// The most integer variables of a program that is tried.
  public let maximumVariables: Int

  /// The most triples of blocks that may stand in any order, each a row of the program.
  public let maximumTriples: Int

  /// For tests: every piece of more than one block becomes a program, whatever bounds and heuristics would have shown.
  package var ignoresBounds = false

  /// For tests: only Kahn's order is known at first, so that fixed pairs and programs have to do better.
  package var startsPoorly = false

  /// For tests: where the library is looked for.
  package var libraryCandidates: [String]?

  private let maximumOperators = 8192

  /// Creates the scheduler.
  ///
  /// - Precondition: no limit is negative.
  public init(
    programTimeLimit: Duration = .seconds(60), maximumVariables: Int = 4_000, maximumTriples: Int = 100_000
  ) {
    precondition(
      programTimeLimit >= .zero && maximumVariables >= 0 && maximumTriples >= 0, "limits must not be negative"
    )
    self.programTimeLimit = programTimeLimit
    self.maximumVariables = maximumVariables
    self.maximumTriples = maximumTriples
  }

  /// The best order within the limits.
  ///
  /// - Throws: ``SchedulingError/solverUnavailable(reason:)`` where a program has to be solved and HiGHS is missing.
  public func schedule(_ problem: MemoryProblem, timeLimit: Duration?) throws(SchedulingError) -> Schedule {
    try reportedSchedule(problem, timeLimit: timeLimit).schedule
  }

  /// The best order within the limits, and how it came about.
  ///
  /// - Parameter timeLimit: a quarter of it is for the bound, a quarter for fusion, a quarter for HMCOS; what they leave
  ///   is for fixing pairs and for HiGHS, which keeps to it as well as it can.
  /// - Throws: ``SchedulingError/solverUnavailable(reason:)`` where a program has to be solved and HiGHS is missing.
  public func reportedSchedule(
    _ problem: MemoryProblem, timeLimit: Duration? = nil
  ) throws(SchedulingError) -> (schedule: Schedule, report: FusionReport) {
    let begin = ContinuousClock.now
    let quarter = timeLimit.map { $0 / 4 }
    let simple = [ReversePostOrderScheduler.order(of: problem.graph), problem.graph.kahnOrder()]
    var bound = 0
    if !ignoresBounds {
      bound =
        MemoryBound.forcedPassage(problem, orders: simple, deadline: quarter.map { begin + $0 }).bytes
    }
    var report = FusionReport(operators: problem.graph.operators.count)
    guard problem.graph.operators.count <= maximumOperators else {
      let other = try HMCOSScheduler().schedule(problem, timeLimit: quarter)
      return (try Schedule(order: other.order, problem: problem, scheduler: name, lowerBytes: bound), report)
    }
    let fusion = GraphFusion(problem, deadline: quarter.map { begin + $0 * 2 })
    var plan = PiecewisePlan(fusion, problem)
    report.blocks = plan.pieces.reduce(0) { $0 + $1.anchors.count }
    report.pieces = plan.pieces.count
    for order in startsPoorly ? [simple[1]] : simple { try plan.consider(fusion.order(like: order)) }
    if plan.peakBytes > bound, !ignoresBounds, !startsPoorly {
      let other = try HMCOSScheduler().schedule(problem, timeLimit: quarter)
      try plan.consider(fusion.order(like: other.order))
    }
    let end = min(
      ContinuousClock.now + programTimeLimit, timeLimit.map { begin + $0 } ?? .now + programTimeLimit)
    for index in plan.pieces.indices.sorted(by: { (-plan.peaks[$0], $0) < (-plan.peaks[$1], $1) }) {
      if plan.peaks[index] <= bound { continue }
      let found = try solve(&plan, index, lower: bound, end: end, &report)
      bound = max(bound, found)
    }
    let schedule = try Schedule(order: plan.order, problem: problem, scheduler: name, lowerBytes: bound)
    return (schedule, report)
  }

  /// Looks for a better order of one piece.
  ///
  /// - Parameter lower: orders below this are of no interest.
  /// - Returns: a bound of the piece's peak, or `lower` if that is higher.
  private func solve(
    _ plan: inout PiecewisePlan, _ index: Int, lower: Int, end: ContinuousClock.Instant,
    _ report: inout FusionReport
  ) throws(SchedulingError) -> Int {
    let piece = plan.pieces[index]
    let peak = plan.peaks[index]
    // One block has one order.
    if piece.anchors.count == 1 { return peak }
    report.openPieces += 1
    var lower = lower
    let now = ContinuousClock.now
    var pruning = OrderPruning(piece, deadline: now + max(end - now, .zero) / 3)
    if !ignoresBounds {
      while lower < peak, let higher = pruning.restrict(to: lower) { lower = higher }
      if lower >= peak || pruning.restrict(to: peak - 1) != nil { return peak }
    }
    let size = OrderingProgram.size(of: piece, pruning.passage.order)
    report.fixedPairs += OrderingProgram.size(of: piece, piece.order).integers - size.integers
    let seconds = Double((end - .now) / .milliseconds(1)) / 1000
    guard size.integers <= maximumVariables, size.triples <= maximumTriples, seconds > 0 else {
      report.skippedPrograms += 1
      return lower
    }
    let solver = try HiGHSSolver(candidates: libraryCandidates ?? HiGHSSolver.standardCandidates)
    let program = OrderingProgram(
      piece, pruning.passage, lower: lower, upper: ignoresBounds ? peak : peak - 1)
    report.programs += 1
    report.variables = max(report.variables, size.integers)
    let start = ignoresBounds ? program.values(for: plan.sequences[index], peakBytes: peak) : nil
    let answer = solver.solve(program, start: start, seconds: seconds)
    if let values = answer.values {
      try plan.consider(program.sequence(from: values), for: index)
    }
    return max(lower, min(plan.peaks[index], answer.boundBytes ?? 0))
  }
}
