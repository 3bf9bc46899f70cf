import Foundation

/// Ctrl-C and SIGTERM: the first asks for an orderly stop, the second ends the process.
enum Interruption {
  // Written by the signal handler only; a machine word is read and written in one piece.
  nonisolated(unsafe) private static var count: sig_atomic_t = 0

  /// Whether a stop was asked for.
  static var isRequested: Bool { count > 0 }

  /// Installs the handlers.
  static func install() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in
        Interruption.count += 1
        if Interruption.count > 1 { _exit(ExitStatus.Code.interrupted) }
      }
    }
  }
}
