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

  /// The tuning records of an operator (``OperatorWorkload/key``) on a target (``TargetFingerprint/key``), in the order in
  /// which their schedules were first tried.
  func tuningRecords(workload: String, target: String) throws -> [TuningRecord]
}

extension LatencyDatabase {
  /// None: of a database that keeps no tuning records.
  public func tuningRecords(workload: String, target: String) throws -> [TuningRecord] { [] }
}

/// A database of latencies and tuning records that lives as long as the process.
public final class InMemoryLatencyDatabase: TuningDatabase, @unchecked Sendable {
  private struct Key: Hashable {
    let workload: String
    let target: String
  }

  // Guarded by `lock`.
  private var values: [Key: LatencyStatistics] = [:]
  private var records: [(target: String, record: TuningRecord)] = []
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

  /// The records of an operator on a target, in the order in which their schedules were first stored.
  public func tuningRecords(workload: String, target: String) -> [TuningRecord] {
    lock.withLock {
      records.filter { $0.target == target && $0.record.workload == workload }.map(\.record)
    }
  }

  /// The newest `limit` records of a target, oldest first.
  public func tuningRecords(target: String, newest limit: Int) -> [TuningRecord] {
    lock.withLock { records.filter { $0.target == target }.suffix(limit).map(\.record) }
  }

  /// Stores records; one of a workload and schedule that are stored already replaces it.
  public func store(_ new: [TuningRecord], target: TargetFingerprint) {
    lock.withLock {
      for record in new {
        let known = records.firstIndex {
          $0.target == target.key && $0.record.workload == record.workload
            && $0.record.schedule == record.schedule
        }
        if let known { records[known].record = record } else { records.append((target.key, record)) }
      }
    }
  }
}
