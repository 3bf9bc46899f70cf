/// A device class: the limits that a candidate must keep, and how latency is measured for it.
public struct DeviceProfile: Hashable, Codable, Sendable {
  /// The name that experiments use: the file's name without extension.
  public let name: String
  /// A short title for people.
  public let title: String
  /// What the profile stands for.
  public let description: String
  /// RAM, in bytes.
  public let memoryBytes: Int
  /// RAM that is not available to the network (stack, runtime, application), in bytes.
  public let reservedBytes: Int
  /// Memory for weights, in bytes; nil if it is not limited.
  public let flashBytes: Int?
  /// Threads that inference uses.
  public let threads: Int
  /// Alignment of buffers in the arena, in bytes: a power of two.
  public let alignment: Int
  /// How latency is measured.
  public let measurement: MeasurementPolicy

  /// Creates a profile. - Precondition: sizes are not negative, `reservedBytes` < `memoryBytes`, `threads` ≥ 1
  /// and `alignment` is a power of two; files are checked when they are read.
  public init(
    name: String, title: String, description: String, memoryBytes: Int, reservedBytes: Int = 0,
    flashBytes: Int? = nil, threads: Int = 1, alignment: Int = 64,
    measurement: MeasurementPolicy = MeasurementPolicy()
  ) {
    precondition(reservedBytes >= 0 && reservedBytes < memoryBytes && (flashBytes ?? 0) >= 0)
    precondition(threads >= 1 && alignment >= 1 && alignment & (alignment - 1) == 0)
    self.name = name
    self.title = title
    self.description = description
    self.memoryBytes = memoryBytes
    self.reservedBytes = reservedBytes
    self.flashBytes = flashBytes
    self.threads = threads
    self.alignment = alignment
    self.measurement = measurement
  }

  /// The largest arena, workspace included, that fits: RAM minus what is reserved.
  public var arenaLimitBytes: Int { memoryBytes - reservedBytes }
}
