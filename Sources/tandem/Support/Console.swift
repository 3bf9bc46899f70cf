import Foundation

/// Output of the command line: results to standard output, everything else to standard error.
enum Console {
  /// Prints one error line to standard error.
  static func error(_ message: String) { write("error: \(message)\n") }

  /// Prints one line of information to standard error.
  static func note(_ message: String) { write(message + "\n") }

  /// Writes text to standard error as it is.
  static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
