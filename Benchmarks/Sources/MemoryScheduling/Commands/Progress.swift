import Foundation

/// Progress, to standard error.
enum Progress {
  /// Writes one line.
  static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
