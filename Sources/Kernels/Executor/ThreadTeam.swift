import CMicrokernels

/// Threads that run the same function at the same time. Members that wait spin a while before they sleep.
final class ThreadTeam {
  /// The members, the caller of ``run(_:context:)`` among them.
  let size: Int
  private let team: OpaquePointer

  /// Starts the threads, or nothing for a team of one.
  ///
  /// - Throws: ``KernelError/threadsUnavailable(_:)``.
  init(size: Int) throws(KernelError) {
    guard let team = thread_team_create(size) else { throw .threadsUnavailable(size) }
    self.size = size
    self.team = team
  }

  deinit { thread_team_destroy(team) }

  /// Calls `work(context, member)` for each member at the same time; returns when all have returned.
  func run(
    _ work: @convention(c) (UnsafeMutableRawPointer?, Int) -> Void, context: UnsafeMutableRawPointer
  ) {
    thread_team_run(team, work, context)
  }

  /// Returns when every member has called it. - Precondition: called by members within ``run(_:context:)``.
  func barrier() { thread_team_barrier(team) }
}
