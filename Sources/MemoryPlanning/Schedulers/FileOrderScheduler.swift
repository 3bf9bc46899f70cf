/// The order in which the graph lists its operators. Neither optimal nor always valid.
public struct FileOrderScheduler: OperatorScheduler {
  /// `file`.
  public var name: String { SchedulerName.file.rawValue }

  /// Creates the scheduler.
  public init() {}

  /// The graph's own order.
  ///
  /// - Throws: ``SchedulingError/runsBeforePredecessor(operatorName:predecessorName:)`` if it is not valid.
  /// - Complexity: linear.
  public func schedule(_ problem: MemoryProblem, timeLimit: Duration?) throws(SchedulingError) -> Schedule {
    try Schedule(order: problem.graph.operatorIDs, problem: problem, scheduler: name)
  }
}
