import Foundation

/// Ctrl-C, SIGTERM and SIGHUP: the first asks for an orderly stop, the second ends the process.
enum Interruption {
  // Written by the signal handler only; a machine word is read and written in one piece.
  nonisolated(unsafe) private static var count: sig_atomic_t = 0

  /// Whether a stop was asked for.
  static var isRequested: Bool { count > 0 }

  /// Ends the process if a stop was asked for: for work that cannot be continued in its middle.
  static func exitIfRequested(_ message: @autoclosure () -> String, _ observer: SearchObserver) {
    guard isRequested else { return }
    observer.finish()
    Console.error(message())
    Foundation.exit(ExitStatus.Code.interrupted)
  }

  /// Installs the handlers, and lets the signals through: a parent may have blocked them.
  static func install() {
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      sigaddset(&signals, number)
      signal(number) { _ in
        Interruption.count += 1
        if Interruption.count > 1 { _exit(ExitStatus.Code.interrupted) }
      }
    }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }
}
