import ConfigurationFiles
import Foundation

/// The device profiles of a folder, one `NAME.yaml` each.
public struct DeviceCatalog: Sendable {
  private let files: ConfigurationFolder

  /// Creates a catalog of a folder, `Experiments/Devices` in this package.
  public init(folder: URL) { files = ConfigurationFolder(folder, kind: "device") }

  /// The names of all profiles, sorted; their files are not opened.
  ///
  /// - Throws: ``ConfigurationError`` if the folder cannot be listed.
  public func names() throws(ConfigurationError) -> [String] { try files.names() }

  /// All profiles, sorted by name.
  ///
  /// - Throws: ``ConfigurationError`` of the first that cannot be read.
  public func profiles() throws(ConfigurationError) -> [DeviceProfile] {
    var profiles: [DeviceProfile] = []
    for name in try names() { profiles.append(try profile(named: name)) }
    return profiles
  }

  /// A profile by its name in the folder, or by the path of its file if `reference` has a slash or ends in `.yaml`.
  ///
  /// - Parameters:
  ///   - reference: a name or a path.
  ///   - base: the folder where a relative path starts.
  /// - Throws: ``ConfigurationError``; for an unknown name with the nearest one.
  public func find(_ reference: String, relativeTo base: URL) throws(ConfigurationError) -> DeviceProfile {
    let url = try files.resolve(reference, relativeTo: base)
    return ConfigurationFolder.isPath(reference)
      ? try DeviceProfile.load(from: url) : try profile(named: reference)
  }

  private func profile(named name: String) throws(ConfigurationError) -> DeviceProfile {
    let url = files.file(named: name)
    let profile = try DeviceProfile.load(from: url)
    guard profile.name == name else {
      throw ConfigurationError(
        file: url.relativePath, line: nil, reason: "the profile is named '\(profile.name)', unlike its file")
    }
    return profile
  }
}
