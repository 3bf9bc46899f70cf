/// Kahn's topological order: breadth first, by the order in which operators become ready. A heuristic.
public struct KahnScheduler: OperatorScheduler {
  /// `kahn`.
  public var name: String { SchedulerName.kahn.rawValue }

  /// Creates the scheduler.
  public init() {}

  /// Kahn's order; never throws for a verified graph.
  ///
  /// - Complexity: linear.
  public func schedule(_ problem: MemoryProblem, timeLimit: Duration?) throws(SchedulingError) -> Schedule {
    try Schedule(order: problem.graph.kahnOrder(), problem: problem, scheduler: name)
  }
}
