import Foundation

/// A folder of configuration files of one kind, `NAME.yaml` each, which other files refer to by name or by path.
public struct ConfigurationFolder: Hashable, Sendable {
  /// The folder.
  public let url: URL
  /// What its files describe, for errors: "device".
  public let kind: String

  /// Names a folder; nothing is opened.
  public init(_ url: URL, kind: String) {
    self.url = url
    self.kind = kind
  }

  /// The names of all files, sorted; none is opened.
  ///
  /// - Throws: ``ConfigurationError`` if the folder cannot be listed.
  public func names() throws(ConfigurationError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: url.path)
        .filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }.map { String($0.dropLast(5)) }.sorted()
    } catch {
      throw ConfigurationError(file: url.relativePath, line: nil, reason: "the folder cannot be listed")
    }
  }

  /// The file of this name.
  public func file(named name: String) -> URL { url.appendingPathComponent("\(name).yaml") }

  /// The file that a reference means: a path if it has a slash or ends in `.yaml`, else a name in the folder.
  ///
  /// - Parameters:
  ///   - reference: a name or a path.
  ///   - base: the folder where a relative path starts.
  /// - Throws: ``ConfigurationError`` for an unknown name, with the nearest one. Paths are not checked.
  public func resolve(_ reference: String, relativeTo base: URL) throws(ConfigurationError) -> URL {
    if reference.hasPrefix("/") { return URL(fileURLWithPath: reference) }
    if Self.isPath(reference) { return base.appendingPathComponent(reference) }
    let known = try names()
    guard known.contains(reference) else {
      throw ConfigurationError(
        file: url.relativePath, line: nil,
        reason: "no \(kind) '\(reference.prefix(64))'" + NearestName.hint(for: reference, among: known))
    }
    return file(named: reference)
  }

  /// Whether a reference is a path rather than a name.
  public static func isPath(_ reference: String) -> Bool {
    reference.contains("/") || reference.hasSuffix(".yaml")
  }
}
