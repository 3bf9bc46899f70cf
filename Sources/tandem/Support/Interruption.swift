import Foundation

/// Ctrl-C and SIGTERM: the first asks for an orderly stop, the second ends the process.
enum Interruption {
  // Written by the signal handler only; a machine word is read and written in one piece.
  nonisolated(unsafe) private static var count: sig_atomic_t = 0

  /// Whether a stop was asked for.
  static var isRequested: Bool { count > 0 }

  /// Installs the handlers, and lets the signals through: a parent may have blocked them.
  static func install() {
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] {
      sigaddset(&signals, number)
      signal(number) { _ in
        Interruption.count += 1
        if Interruption.count > 1 { _exit(ExitStatus.Code.interrupted) }
      }
    }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }
}
