import Foundation

/// Output of the command line: results to standard output, everything else to standard error.
///
/// Plain system calls: a stream that is closed, full or without a reader is an ordinary event here.
enum Console {
  /// Prints a result and a line break to standard output.
  ///
  /// A reader that went away (`tandem … | head`) has what it wanted: the process then ends quietly.
  /// - Throws: ``ExitStatus`` if the output cannot be written.
  static func result(_ text: String) throws {
    if let code = write(text.hasSuffix("\n") ? text : text + "\n", to: STDOUT_FILENO) {
      if code == EPIPE { Foundation.exit(0) }
      throw ExitStatus.failure("cannot write the result: \(String(cString: strerror(code)))")
    }
  }

  /// Prints one error line to standard error.
  static func error(_ message: String) { write("error: \(message)\n") }

  /// Prints one line of information to standard error.
  static func note(_ message: String) { write(message + "\n") }

  /// Writes text to standard error as it is; nobody may be listening.
  static func write(_ text: String) { _ = write(text, to: STDERR_FILENO) }

  /// Columns of the terminal behind standard output; nil if there is none.
  static var width: Int? {
    var size = winsize()
    return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
  }

  /// Writes everything; returns the error code if that fails.
  private static func write(_ text: String, to descriptor: Int32) -> Int32? {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        return errno
      }
      bytes = bytes.dropFirst(count)
    }
    return nil
  }
}
