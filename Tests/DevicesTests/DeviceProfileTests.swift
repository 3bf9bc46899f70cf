import ConfigurationFiles
import Devices
import Foundation
import Testing

@Suite struct DeviceProfileTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  static let folder = root.appendingPathComponent("Experiments/Devices")
  static let stock = DeviceCatalog(folder: folder)
  static let golden = root.appendingPathComponent("Sources/Devices/Formats/Device.golden.yaml")

  static func read(_ text: String) throws -> DeviceProfile {
    try DeviceProfile(
      configuration: ConfigurationFile.read(Data(text.utf8), as: URL(fileURLWithPath: "device.yaml")))
  }

  @Test func goldenExample() throws {
    let profile = try DeviceProfile.load(from: Self.golden)
    #expect(
      profile
        == DeviceProfile(
          name: "example-board", title: "Example board", description: "All keys of a device profile.",
          memoryBytes: 262_144, reservedBytes: 16_384, flashBytes: 1_048_576, threads: 2, alignment: 64,
          measurement: MeasurementPolicy(warmup: 5, repeats: 30, minimumSampleMilliseconds: 1.5)))
    #expect(profile.arenaLimitBytes == 245_760)
    #expect(
      ConfigurationWriter.text(profile.configuration)
        == (try String(contentsOf: Self.golden, encoding: .utf8)))
    let decoded = try JSONDecoder().decode(DeviceProfile.self, from: JSONEncoder().encode(profile))
    #expect(decoded == profile)
  }

  @Test func defaults() throws {
    let profile = try Self.read("schemaVersion: 1\nname: small\nmemoryBytes: 64KiB\n")
    #expect(
      profile == DeviceProfile(name: "small", title: "small", description: "", memoryBytes: 65_536))
    #expect(profile.flashBytes == nil && profile.alignment == 64 && profile.threads == 1)
    // What is written out with every default reads back the same.
    #expect(try Self.read(ConfigurationWriter.text(profile.configuration)) == profile)
  }

  @Test func stockProfiles() throws {
    let profiles = try Self.stock.profiles()
    #expect(profiles.map(\.name) == ["embedded-linux", "mcu-128k", "mcu-256k", "mcu-512k"])
    #expect(profiles.map(\.threads) == [2, 1, 1, 1])
    #expect(profiles.map { $0.memoryBytes / 1024 } == [8192, 128, 256, 512])
    for profile in profiles {
      #expect(profile.title != profile.name && !profile.description.isEmpty)
      #expect(try Self.read(ConfigurationWriter.text(profile.configuration)) == profile)
    }
  }

  static let mistakes: [(text: String, message: String)] = [
    ("name: a\nmemoryBytes: 1KiB", "device.yaml:1: the key 'schemaVersion' is missing"),
    ("schemaVersion: 1\nname: a", "device.yaml:1: the key 'memoryBytes' is missing"),
    (
      "schemaVersion: 1\nname: a\nmemoryBites: 1KiB",
      "device.yaml:3: unknown key 'memoryBites'; did you mean 'memoryBytes'?"
    ),
    ("schemaVersion: 1\nname: a\nmemoryBytes: 1KiB\ncolour: red", "device.yaml:4: unknown key 'colour'"),
    (
      "schemaVersion: 1\nname: a\nmemoryBytes: lots",
      "device.yaml:3: 'memoryBytes' must be a size such as 64KiB, 1MiB or a number of bytes, found 'lots'"
    ),
    (
      "schemaVersion: 1\nname: a\nmemoryBytes: -4",
      "device.yaml:3: 'memoryBytes' must be a size such as 64KiB, 1MiB or a number of bytes, found the number -4"
    ),
    (
      "schemaVersion: 1\nname: a\nmemoryBytes: 0",
      "device.yaml:3: 'memoryBytes' must be between 1 and 1125899906842624 bytes, found 0"
    ),
    (
      "schemaVersion: 1\nname: a\nmemoryBytes: 99999999GiB",
      "device.yaml:3: 'memoryBytes' must be between 1 and 1125899906842624 bytes, found 107374181326258176"
    ),
    (
      "schemaVersion: 1\nname: a\nmemoryBytes: 99999999999999999999GiB",
      "device.yaml:3: 'memoryBytes' must be a size such as 64KiB, 1MiB or a number of bytes, found '99999999999999999999GiB'"
    ),
    (
      "schemaVersion: 1\nname: a\nmemoryBytes: 1KiB\nreservedBytes: 1024",
      "device.yaml:4: 'reservedBytes' must be below 'memoryBytes' (1024), found 1024"
    ),
    (
      "schemaVersion: 1\nname: a\nmemoryBytes: 1KiB\nthreads: 0",
      "device.yaml:4: 'threads' must be between 1 and 256, found 0"
    ),
    (
      "schemaVersion: 1\nname: a\nmemoryBytes: 1KiB\nthreads: 1.5",
      "device.yaml:4: 'threads' must be an integer between 1 and 256, found the number 1.5"
    ),
    (
      "schemaVersion: 1\nname: a\nmemoryBytes: 1KiB\nalignment: 48",
      "device.yaml:4: 'alignment' must be a power of two, found 48"
    ),
    (
      "schemaVersion: 1\nname: ../a\nmemoryBytes: 1KiB",
      "device.yaml:2: 'name' must be at most 64 letters, digits, '-', '_' and '.' and not begin with '.', found '../a'"
    ),
    (
      "schemaVersion: 1\nname: 5\nmemoryBytes: 1KiB",
      "device.yaml:2: 'name' must be text, found the number 5; quote it if it is meant as text"
    ),
    (
      "schemaVersion: 1\nname: a\nmemoryBytes: 1KiB\nmeasurement:\n  repeat: 3",
      "device.yaml:5: unknown key 'repeat' in 'measurement'; did you mean 'repeats'?"
    ),
    (
      "schemaVersion: 1\nname: a\nmemoryBytes: 1KiB\nmeasurement: 3",
      "device.yaml:4: 'measurement' must be a mapping, found the number 3"
    ),
    (
      "schemaVersion: 1\nname: a\nmemoryBytes: 1KiB\nmeasurement:\n  minimumSampleMilliseconds: .nan",
      "device.yaml:5: 'measurement.minimumSampleMilliseconds' must be a number between 0.0 and 60000.0, found '.nan'"
    ),
  ]

  @Test(arguments: mistakes)
  func mistake(text: String, message: String) {
    #expect {
      try Self.read(text)
    } throws: { error in
      if !"\(error)".hasPrefix(message) { Issue.record("found: \(error)") }
      return error is ConfigurationError
    }
  }
}

@Suite struct DeviceCatalogTests {
  @Test func findsByNameAndPath() throws {
    let catalog = DeviceProfileTests.stock
    let experiments = DeviceProfileTests.root.appendingPathComponent("Experiments")
    let byName = try catalog.find("mcu-256k", relativeTo: experiments)
    #expect(try catalog.find("Devices/mcu-256k.yaml", relativeTo: experiments) == byName)
    #expect(
      try catalog.find(
        DeviceProfileTests.folder.appendingPathComponent("mcu-256k.yaml").path, relativeTo: experiments)
        == byName)
    #expect(try catalog.names().contains("embedded-linux"))
  }

  @Test func unknownNames() throws {
    let catalog = DeviceProfileTests.stock
    #expect {
      try catalog.find("mcu-265k", relativeTo: DeviceProfileTests.folder)
    } throws: { "\($0)".hasSuffix("no device 'mcu-265k'; did you mean 'mcu-256k'?") }
    #expect {
      try catalog.find("none.yaml", relativeTo: DeviceProfileTests.folder)
    } throws: { "\($0)".hasSuffix("none.yaml: cannot be read: no such file or folder") }
    let missing = DeviceCatalog(folder: URL(fileURLWithPath: "/nonexistent"))
    #expect(throws: ConfigurationError.self) { try missing.names() }
  }

  /// A profile is found by its file's name, so it must bear it.
  @Test func nameUnlikeFile() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "tandem-devices-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try "schemaVersion: 1\nname: other\nmemoryBytes: 1KiB\n".write(
      to: folder.appendingPathComponent("board.yaml"), atomically: true, encoding: .utf8)
    #expect {
      try DeviceCatalog(folder: folder).find("board", relativeTo: folder)
    } throws: { "\($0)".hasSuffix("board.yaml: the profile is named 'other', unlike its file") }
  }
}
