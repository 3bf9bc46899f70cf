import Foundation
import Foundations

/// Reads whole configuration files.
public enum ConfigurationFile {
  /// The only version of every format so far.
  public static let supportedVersion = 1
  /// Larger files are refused: no file that a person writes comes near.
  public static let largestFileBytes = 256 << 10
  /// Deeper files are refused.
  public static let deepestNesting = 32

  /// Reads a file, checks `schemaVersion` before anything else and returns a reader of its other keys.
  ///
  /// - Throws: ``ConfigurationError`` if the file cannot be read, is no regular file, is too large, is not UTF-8,
  ///   is not YAML, repeats a key, uses aliases or tags, nests too deeply or has another version.
  public static func read(_ url: URL) throws(ConfigurationError) -> ConfigurationMapping {
    try versioned(load(url))
  }

  /// The same for contents that are already in memory; `url` stands in errors and resolves relative paths.
  public static func read(_ contents: Data, as url: URL) throws(ConfigurationError) -> ConfigurationMapping {
    try versioned(YAMLTree.parse(contents, file: url))
  }

  /// Reads a file of any content, without asking for a version.
  public static func load(_ url: URL) throws(ConfigurationError) -> ConfigurationNode {
    func fail(_ reason: String) -> ConfigurationError {
      ConfigurationError(file: url.relativePath, line: nil, reason: reason)
    }
    // A pipe or a device would block or never end, so the kind of file is checked before it is opened.
    let resolved = url.resolvingSymlinksInPath()
    if let attributes = try? FileManager.default.attributesOfItem(atPath: resolved.path) {
      if attributes[.type] as? FileAttributeType == .typeDirectory { throw fail("is a folder, not a file") }
      if attributes[.type] as? FileAttributeType != .typeRegular { throw fail("is not a regular file") }
      let size = attributes[.size] as? Int ?? 0
      if size > largestFileBytes {
        throw fail(
          "is too large for a configuration file: \(ByteCount.describe(size)), at most "
            + ByteCount.describe(largestFileBytes))
      }
    }
    let data: Data
    do {
      data = try AtomicFile.read(url)
    } catch {
      switch error {
      case .cannotRead(_, let reason), .cannotWrite(_, let reason), .cannotCreateFolder(_, let reason):
        throw fail("cannot be read: \(reason)")
      }
    }
    return try YAMLTree.parse(data, file: url)
  }

  private static func versioned(_ root: ConfigurationNode) throws(ConfigurationError) -> ConfigurationMapping
  {
    guard case .mapping = root.value else { throw root.mismatch("a mapping of keys to values") }
    var reader = try root.mapping()
    let version = try reader.node("schemaVersion")
    let number = try version.int()
    guard number == supportedVersion else {
      throw version.error("'schemaVersion' must be \(supportedVersion), found \(number)")
    }
    return reader
  }
}
