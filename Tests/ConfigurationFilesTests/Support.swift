import ConfigurationFiles
import Foundation

/// Parses text as if it were the file `file.yaml`.
func parse(_ text: String) throws -> ConfigurationMapping {
  try ConfigurationFile.read(Data(text.utf8), as: URL(fileURLWithPath: "file.yaml"))
}

/// The error that `body` throws, as text; nil if it does not.
func message(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch {
    return "\(error)"
  }
}

/// A new empty folder that is removed after `body`.
func withTemporaryFolder(_ body: (URL) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tandem-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder)
}
