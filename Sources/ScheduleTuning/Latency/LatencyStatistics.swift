import Foundation

/// The latency of one inference, batch 1, with how it was measured. As JSON: `{min, median, p90, mean, repeats,
/// warmup, threads, noisy}` in milliseconds (`Formats/LatencyStatistics.schema.json`).
public struct LatencyStatistics: Codable, Hashable, Sendable {
  /// A measurement is called noisy if its 90th percentile exceeds its minimum by more than this factor: something
  /// else ran on the machine, and the median is not to be trusted.
  public static let noiseRatio = 1.3

  /// The fastest sample: the figure least disturbed by other work on the machine.
  public let minMilliseconds: Double
  /// The middle sample, or the mean of the middle two.
  public let medianMilliseconds: Double
  /// The smallest sample that at least 90 % of the samples do not exceed (nearest rank).
  public let p90Milliseconds: Double
  /// The arithmetic mean.
  public let meanMilliseconds: Double
  /// Samples that count.
  public let repeats: Int
  /// Runs before the first sample.
  public let warmup: Int
  /// Threads.
  public let threads: Int
  /// Whether p90 / min exceeds ``noiseRatio``.
  public let noisy: Bool

  private enum CodingKeys: String, CodingKey {
    case minMilliseconds = "min"
    case medianMilliseconds = "median"
    case p90Milliseconds = "p90"
    case meanMilliseconds = "mean"
    case repeats, warmup, threads, noisy
  }

  /// The statistics of samples.
  ///
  /// - Parameter sampleMilliseconds: the time of one inference in each sample.
  /// - Precondition: there is at least one sample, and all are finite and not negative.
  public init(sampleMilliseconds: [Double], warmup: Int, threads: Int) {
    precondition(!sampleMilliseconds.isEmpty, "statistics of no samples")
    precondition(sampleMilliseconds.allSatisfy { $0.isFinite && $0 >= 0 }, "a sample is no duration")
    let sorted = sampleMilliseconds.sorted()
    let count = sorted.count
    minMilliseconds = sorted[0]
    medianMilliseconds =
      count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2
    p90Milliseconds = sorted[(9 * count + 9) / 10 - 1]
    meanMilliseconds = sorted.reduce(0, +) / Double(count)
    repeats = count
    self.warmup = warmup
    self.threads = threads
    noisy = p90Milliseconds > minMilliseconds * Self.noiseRatio
  }
}
