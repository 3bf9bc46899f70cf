/// Hierarchical memory-aware scheduling.
public struct HMCOSScheduler: OperatorScheduler {
  /// `hmcos`.
  public var name: String { SchedulerName.hmcos.rawValue }

  /// Creates the scheduler.
  public init() {}

  /// The order.
  public func schedule(_ problem: MemoryProblem) throws(SchedulingError) -> Schedule {
    try Schedule(order: ReversePostOrderScheduler.order(of: problem.graph), problem: problem, scheduler: name)
  }
}
