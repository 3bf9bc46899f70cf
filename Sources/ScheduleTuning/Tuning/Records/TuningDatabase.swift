/// A database that keeps tuning records, by workload and target, beside the frozen latencies.
public protocol TuningDatabase: LatencyDatabase {
  /// The newest `limit` records of a target, oldest first: what the cost model is trained on.
  func tuningRecords(target: String, newest limit: Int) throws -> [TuningRecord]

  /// Stores records, all of them or none. One of a workload and schedule that are stored already replaces it, in its place in the
  /// order.
  func store(_ records: [TuningRecord], target: TargetFingerprint) throws
}
