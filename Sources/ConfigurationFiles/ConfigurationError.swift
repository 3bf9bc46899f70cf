/// A mistake in a configuration file, for the person who wrote the file.
public struct ConfigurationError: Error, Hashable, CustomStringConvertible {
  /// The file, as it was named by whoever asked for it.
  public let file: String
  /// The line, counted from 1; nil if the mistake concerns the file as a whole.
  public let line: Int?
  /// What is wrong, without the place.
  public let reason: String

  /// Creates an error.
  public init(file: String, line: Int?, reason: String) {
    self.file = file
    self.line = line
    self.reason = reason
  }

  /// One line: `path/file.yaml:12: reason`.
  public var description: String {
    line.map { "\(file):\($0): \(reason)" } ?? "\(file): \(reason)"
  }
}
