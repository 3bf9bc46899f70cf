import CMicrokernels
import Synchronization

/// Threads that run the same function at the same time. Members that wait spin a while before they sleep.
///
/// Executors share a team (``shared(size:)``): with one each, the members of one that has just finished would still spin on
/// the processors that the next one needs.
final class ThreadTeam: Sendable {
  /// The members, the caller of ``run(_:context:)`` among them.
  let size: Int
  // The C side locks.
  nonisolated(unsafe) private let team: OpaquePointer
  private static let teams = Mutex<[Int: WeakTeam]>([:])

  private struct WeakTeam {
    weak var team: ThreadTeam?
  }

  /// The team of a size that is in use already, or a new one.
  ///
  /// - Throws: ``KernelError/threadsUnavailable(_:)``.
  static func shared(size: Int) throws(KernelError) -> ThreadTeam {
    let team = teams.withLock { teams -> ThreadTeam? in
      if let known = teams[size]?.team { return known }
      guard let new = try? ThreadTeam(size: size) else { return nil }
      teams[size] = WeakTeam(team: new)
      return new
    }
    guard let team else { throw .threadsUnavailable(size) }
    return team
  }

  /// Starts the threads, or nothing for a team of one.
  ///
  /// - Throws: ``KernelError/threadsUnavailable(_:)``.
  private init(size: Int) throws(KernelError) {
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
