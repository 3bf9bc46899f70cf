import Foundation

/// Progress, to standard error.
package enum Progress {
  /// Writes one line.
  package static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
