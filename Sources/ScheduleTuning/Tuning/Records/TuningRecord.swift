import Kernels

/// What became of a kernel schedule that was tried.
public enum TuningOutcome: Hashable, Sendable {
  /// It ran and computed the right values.
  case measured(LatencyStatistics)
  /// It cannot be prepared, or computes wrong values: why, in a sentence. It is never tried again.
  case failed(reason: String)

  /// The latency; nil of a failure.
  public var statistics: LatencyStatistics? {
    if case .measured(let statistics) = self { statistics } else { nil }
  }
}

/// One kernel schedule of one operator that was tried on one target.
public struct TuningRecord: Hashable, Sendable {
  /// The operator: ``OperatorWorkload/key``.
  public let workload: String
  /// How it was computed.
  public let schedule: KernelSchedule
  /// What the cost model learns from.
  public let features: ScheduleFeatures
  /// What became of it when it was first tried.
  public let outcome: TuningOutcome
  /// The latency of a second, thorough measurement side by side with the other schedules that were nearly as fast as the
  /// fastest; nil if it was not among them when that was done last.
  public var decision: LatencyStatistics?

  /// Creates a record.
  public init(
    workload: String, schedule: KernelSchedule, features: ScheduleFeatures, outcome: TuningOutcome,
    decision: LatencyStatistics? = nil
  ) {
    self.workload = workload
    self.schedule = schedule
    self.features = features
    self.outcome = outcome
    self.decision = decision
  }

  /// The least latency of the more thorough measurement there is, in milliseconds; nil of a failure.
  public var milliseconds: Double? { decision?.minMilliseconds ?? firstMilliseconds }

  /// The least latency when the schedule was first tried: what the search goes by, so that it takes the same way whether or not it was
  /// ended and continued; nil of a failure.
  public var firstMilliseconds: Double? { outcome.statistics?.minMilliseconds }

  /// What the cost model learns from it; nil of a failure.
  public var observation: CostModel.Observation? {
    firstMilliseconds.map { CostModel.Observation(features: features, milliseconds: $0) }
  }
}

extension Sequence where Element == TuningRecord {
  /// The fastest of the records of one operator and target; nil if all are failures, or there are none.
  ///
  /// Where some were measured side by side at the end, it is one of them: the clock of a machine may have changed since the
  /// others were tried.
  public var fastest: TuningRecord? {
    let decided = filter { $0.decision != nil }
    return (decided.isEmpty ? filter { $0.milliseconds != nil } : decided)
      .min { $0.milliseconds! < $1.milliseconds! }
  }
}

extension [TuningRecord] {
  /// What the schedules of one operator and target take, in milliseconds, as if all had been measured side by side; failures are
  /// left out.
  ///
  /// Where some were, the times of the others are converted by what the clock has changed since, the median over those that
  /// were measured both times; none of them counts as faster than the fastest of those side by side.
  var comparableMilliseconds: [KernelSchedule: Double] {
    var changes: [Double] = []
    var least = 0.0
    for record in self {
      guard let decision = record.decision?.minMilliseconds, let first = record.firstMilliseconds else {
        continue
      }
      least = changes.isEmpty ? decision : Swift.min(least, decision)
      changes.append(decision / first)
    }
    changes.sort()
    let change = changes.isEmpty ? 1 : changes[changes.count / 2]
    var result: [KernelSchedule: Double] = [:]
    for record in self {
      guard let first = record.firstMilliseconds else { continue }
      result[record.schedule] = record.decision?.minMilliseconds ?? Swift.max(first * change, least.nextUp)
    }
    return result
  }
}
