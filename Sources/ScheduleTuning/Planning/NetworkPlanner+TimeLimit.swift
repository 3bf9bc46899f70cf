import MemoryPlanning

extension NetworkPlanner {
  /// Orders, places and validates as ``plan(_:alignment:)`` does, but stops the scheduler when its time is over: the
  /// plan is then that of the best order found.
  ///
  /// - Parameters:
  ///   - alignment: every offset is a multiple of this many bytes.
  ///   - timeLimit: for ordering alone; plans that it cuts short differ from run to run.
  /// - Throws: ``PlanningError``.
  public static func plan(
    _ bounded: BoundedNetwork, alignment: Int, timeLimit: Duration
  ) throws(PlanningError) -> PlannedNetwork {
    let scheduler = try scheduler(of: bounded.policy)
    let schedule: Schedule
    do {
      schedule = try scheduler.schedule(bounded.problem, timeLimit: timeLimit)
    } catch {
      throw .scheduling(error)
    }
    return try place(bounded, schedule: schedule, alignment: alignment, trivialBound: bounded.trivialBound)
  }
}
