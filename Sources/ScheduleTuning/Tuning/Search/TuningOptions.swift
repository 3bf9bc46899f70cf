import Kernels

/// How long an operator is tuned.
public struct TuningOptions: Hashable, Sendable {
  /// Kernel schedules to try in all, those of earlier runs included.
  public var trials: Int
  /// Schedules that are measured together, in turns.
  public var batch: Int
  /// The search ends after so many schedules in a row none of which was faster than the best by ``improvement``.
  public var patience: Int
  /// The share by which a latency must fall to count as progress.
  public var improvement: Double
  /// The seed of everything random.
  public var seed: UInt64

  /// Creates options. - Precondition: the counts are positive.
  public init(
    trials: Int = 128, batch: Int = 8, patience: Int = 48, improvement: Double = 0.01, seed: UInt64 = 0
  ) {
    precondition(trials > 0 && batch > 0 && patience > 0, "nothing to try")
    self.trials = trials
    self.batch = batch
    self.patience = patience
    self.improvement = improvement
    self.seed = seed
  }
}

/// How far the search for one operator is.
public struct TuningProgress: Hashable, Sendable {
  /// Kernel schedules tried, those of earlier runs included.
  public let trials: Int
  /// How many of them failed.
  public let failures: Int
  /// The fastest; nil if none was measured.
  public let best: KernelSchedule?
  /// Its least latency.
  public let milliseconds: Double?

  init(_ records: [TuningRecord]) {
    trials = records.count
    failures = records.count { $0.milliseconds == nil }
    let fastest = records.fastest
    best = fastest?.schedule
    milliseconds = fastest?.milliseconds
  }
}

/// What is known of an operator after tuning.
public struct TuningResult: Hashable, Sendable {
  /// Why the search ended.
  public enum Ending: String, Codable, Hashable, Sendable {
    /// Every schedule of the space was tried.
    case exhausted
    /// The number of trials was reached.
    case trials
    /// Too long without progress.
    case noImprovement
    /// The caller asked to stop; another run continues.
    case stopped
  }

  /// Why the search ended.
  public let ending: Ending
  /// Every record of the operator on the target, in the order in which schedules were first tried.
  public let records: [TuningRecord]
  /// How many schedules this run tried.
  public let newTrials: Int
  /// The size of the space.
  public let spaceSize: Int

  /// The fastest schedule; nil if all failed, or nothing was tried.
  public var best: TuningRecord? { records.fastest }

  /// The records of failures.
  public var failures: [TuningRecord] { records.filter { $0.outcome.statistics == nil } }
}
