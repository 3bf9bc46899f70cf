import ConfigurationFiles
import Foundation

/// The search spaces of a folder, one `NAME.yaml` each.
public struct SearchSpaceCatalog: Sendable {
  private let files: ConfigurationFolder

  /// Creates a catalog of a folder, `SearchSpaces` in this package.
  public init(folder: URL) { files = ConfigurationFolder(folder, kind: "search space") }

  /// The names of all spaces, sorted; their files are not opened.
  ///
  /// - Throws: ``ConfigurationError`` if the folder cannot be listed.
  public func names() throws(ConfigurationError) -> [String] { try files.names() }

  /// A space by its file's name in the folder, or by the file's path if `reference` has a slash or ends in `.yaml`.
  ///
  /// - Parameters:
  ///   - reference: a name or a path.
  ///   - base: the folder where a relative path starts.
  /// - Throws: ``ConfigurationError``; for an unknown name with the nearest one.
  public func find(_ reference: String, relativeTo base: URL) throws(ConfigurationError) -> SearchSpace {
    try SearchSpace.load(from: files.resolve(reference, relativeTo: base))
  }
}
