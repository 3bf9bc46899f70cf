/// How often a network is run to measure its latency.
public struct MeasurementPolicy: Hashable, Codable, Sendable {
  /// Runs before the first that counts.
  public var warmup: Int
  /// Samples that count.
  public var repeats: Int
  /// The shortest sample: short networks run several times per sample, in milliseconds.
  public var minimumSampleMilliseconds: Double

  /// Creates a policy.
  public init(warmup: Int = 5, repeats: Int = 30, minimumSampleMilliseconds: Double = 1) {
    self.warmup = warmup
    self.repeats = repeats
    self.minimumSampleMilliseconds = minimumSampleMilliseconds
  }
}
