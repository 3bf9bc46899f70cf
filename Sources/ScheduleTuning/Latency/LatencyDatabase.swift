import Foundation

/// Measured latencies by workload and target, each frozen once written.
///
/// A search whose latencies come from here alone is repeatable: whoever asks again, in this run or another, is given
/// the value that was stored first, not a new measurement.
public protocol LatencyDatabase: Sendable {
  /// The stored latency of a workload (``Workload/key``) on a target (``TargetFingerprint/key``), or nil.
  func latency(workload: String, target: String) throws -> LatencyStatistics?

  /// Stores a latency unless one is stored already.
  ///
  /// - Returns: what is stored: the first value written wins.
  func freeze(_ value: LatencyStatistics, workload: String, target: TargetFingerprint) throws
    -> LatencyStatistics
}

/// A latency database that lives as long as the process.
public final class InMemoryLatencyDatabase: LatencyDatabase, @unchecked Sendable {
  private struct Key: Hashable {
    let workload: String
    let target: String
  }

  // Guarded by `lock`.
  private var values: [Key: LatencyStatistics] = [:]
  private let lock = NSLock()

  /// Creates an empty database.
  public init() {}

  /// The stored latency, or nil.
  public func latency(workload: String, target: String) -> LatencyStatistics? {
    lock.withLock { values[Key(workload: workload, target: target)] }
  }

  /// Stores a latency unless one is stored; returns what is stored.
  public func freeze(_ value: LatencyStatistics, workload: String, target: TargetFingerprint)
    -> LatencyStatistics
  {
    lock.withLock {
      let key = Key(workload: workload, target: target.key)
      if let stored = values[key] { return stored }
      values[key] = value
      return value
    }
  }
}
