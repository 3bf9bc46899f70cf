import ConfigurationFiles
import Foundation

extension DeviceProfile {
  /// Reads a profile from a YAML file (`Formats/Device.schema.json` beside the source describes it).
  ///
  /// - Throws: ``ConfigurationError`` naming file and line.
  public static func load(from url: URL) throws(ConfigurationError) -> DeviceProfile {
    try DeviceProfile(configuration: ConfigurationFile.read(url))
  }

  /// Reads a profile from a mapping whose `schemaVersion` has been checked.
  ///
  /// - Throws: ``ConfigurationError`` for unknown or missing keys and for values out of range.
  public init(configuration: ConfigurationMapping) throws(ConfigurationError) {
    var reader = configuration
    let nameNode = try reader.node("name")
    name = try nameNode.string()
    // Winners are stored in a folder of the device's name.
    guard name.count <= 64, name.first != ".",
      name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) })
    else {
      throw nameNode.error(
        "'name' must be at most 64 letters, digits, '-', '_' and '.' and not begin with '.', found '\(name.prefix(80))'"
      )
    }
    title = try reader.optionalString("title") ?? name
    description = try reader.optionalString("description") ?? ""
    memoryBytes = try reader.bytes("memoryBytes", in: 1...Self.largestMemoryBytes)
    let reserved = reader.optionalNode("reservedBytes")
    reservedBytes = try reserved?.bytes() ?? 0
    if let reserved, reservedBytes >= memoryBytes {
      throw reserved.error(
        "'reservedBytes' must be below 'memoryBytes' (\(memoryBytes)), found \(reservedBytes)")
    }
    flashBytes = try reader.optionalBytes("flashBytes", in: 0...Self.largestMemoryBytes)
    threads = try reader.optionalInt("threads", in: 1...256) ?? 1
    let alignmentNode = reader.optionalNode("alignment")
    alignment = try alignmentNode?.bytes(in: 1...65_536) ?? 64
    if let alignmentNode, alignment & (alignment - 1) != 0 {
      throw alignmentNode.error("'alignment' must be a power of two, found \(alignment)")
    }
    if let mapping = try reader.optionalMapping("measurement") {
      measurement = try MeasurementPolicy(configuration: mapping)
    } else {
      measurement = MeasurementPolicy()
    }
    try reader.finish()
  }

  private static let largestMemoryBytes = 1 << 50

  /// The profile as a configuration file would state it, every default written out.
  public var configuration: ConfigurationValue {
    var entries: [(key: String, value: ConfigurationValue)] = [
      ("schemaVersion", .int(ConfigurationFile.supportedVersion)), ("name", .string(name)),
      ("title", .string(title)),
    ]
    if !description.isEmpty { entries.append(("description", .string(description))) }
    entries += [("memoryBytes", .int(memoryBytes)), ("reservedBytes", .int(reservedBytes))]
    if let flashBytes { entries.append(("flashBytes", .int(flashBytes))) }
    entries += [
      ("threads", .int(threads)), ("alignment", .int(alignment)), ("measurement", measurement.configuration),
    ]
    return .mapping(entries)
  }
}

extension MeasurementPolicy {
  init(configuration: ConfigurationMapping) throws(ConfigurationError) {
    var reader = configuration
    let standard = MeasurementPolicy()
    warmup = try reader.optionalInt("warmup", in: 0...10_000) ?? standard.warmup
    repeats = try reader.optionalInt("repeats", in: 1...100_000) ?? standard.repeats
    minimumSampleMilliseconds =
      try reader.optionalDouble("minimumSampleMilliseconds", in: 0...60_000)
      ?? standard.minimumSampleMilliseconds
    try reader.finish()
  }

  /// The policy as a configuration file would state it.
  public var configuration: ConfigurationValue {
    .mapping([
      ("warmup", .int(warmup)), ("repeats", .int(repeats)),
      ("minimumSampleMilliseconds", .double(minimumSampleMilliseconds)),
    ])
  }
}
