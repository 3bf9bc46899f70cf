import ConfigurationFiles
import Foundation

/// The device profiles of a folder, one `NAME.yaml` each.
public struct DeviceCatalog: Sendable {
  /// The folder, `Experiments/Devices` in this package.
  public let folder: URL

  /// Creates a catalog of a folder.
  public init(folder: URL) { self.folder = folder }

  /// The names of all profiles, sorted; their files are not opened.
  ///
  /// - Throws: ``ConfigurationError`` if the folder cannot be listed.
  public func names() throws(ConfigurationError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder.path)
        .filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }.map { String($0.dropLast(5)) }.sorted()
    } catch {
      throw ConfigurationError(
        file: folder.relativePath, line: nil, reason: "the folder of device profiles cannot be listed")
    }
  }

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
    if reference.contains("/") || reference.hasSuffix(".yaml") {
      let isAbsolute = reference.hasPrefix("/")
      return try DeviceProfile.load(
        from: isAbsolute ? URL(fileURLWithPath: reference) : base.appendingPathComponent(reference))
    }
    let known = try names()
    guard known.contains(reference) else {
      throw ConfigurationError(
        file: folder.relativePath, line: nil,
        reason: "no device '\(reference.prefix(64))'" + NearestName.hint(for: reference, among: known))
    }
    return try profile(named: reference)
  }

  private func profile(named name: String) throws(ConfigurationError) -> DeviceProfile {
    let url = folder.appendingPathComponent("\(name).yaml")
    let profile = try DeviceProfile.load(from: url)
    guard profile.name == name else {
      throw ConfigurationError(
        file: url.relativePath, line: nil, reason: "the profile is named '\(profile.name)', unlike its file")
    }
    return profile
  }
}
