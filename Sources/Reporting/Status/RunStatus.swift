import CoSearch
import SearchSpaces

/// What `tandem status` and `tandem search` print as JSON (`Formats/RunStatus.schema.json`).
public struct RunStatus: Codable, Hashable, Sendable {
  /// One device's standing.
  public struct Device: Codable, Hashable, Sendable {
    /// The device.
    public let name: String
    /// RAM less the reserved bytes: the largest arena that it admits.
    public let arenaLimitBytes: Int
    /// Candidates that it admits.
    public let admitted: Int
    /// Candidates that it rejected, by reason.
    public let rejections: [String: Int]
    /// Its best candidate; nil (absent) while there is none.
    public let winner: Winner?
  }

  /// The best candidate of a device.
  public struct Winner: Codable, Hashable, Sendable {
    /// The trial.
    public let trial: Int
    /// The architecture in the space's own notation.
    public let label: String
    /// The scheduling policy.
    public let policy: SchedulingPolicy
    /// Accuracy on the search's validation split, in [0, 1]; absent where the estimator gives scores that are no
    /// accuracies.
    public let validationAccuracy: Double?
    /// What the search ranked by where that is not the accuracy; absent otherwise.
    public let validationScore: Double?
    /// Accuracy on the test set after the final training; absent before it.
    public let testAccuracy: Double?
    /// Epochs of the final training; absent before it.
    public let finalEpochs: Double?
    /// Median latency with the device's threads.
    public let latencyMilliseconds: Double
    /// Live peak, workspace included.
    public let peakBytes: Int
    /// Arena, workspace included.
    public let arenaBytes: Int
    /// Weights.
    public let weightBytes: Int
  }

  /// The version of the format.
  public let schemaVersion: Int
  /// The run directory's name.
  public let run: String
  /// The experiment's name.
  public let experiment: String
  /// Trials recorded.
  public let finishedTrials: Int
  /// The budget.
  public let totalTrials: Int
  /// Trials by outcome: measured, rejected, failed.
  public let outcomes: [String: Int]
  /// Every device's standing, in the experiment's order.
  public let devices: [Device]
  /// Trials on the front of accuracy, latency and peak memory, ascending.
  public let front: [Int]

  /// For each device that admits no candidate, what came nearest; empty before the search has ended.
  public let infeasible: [Infeasibility]

  /// Summarises a run.
  public init(_ run: RunContent, infeasible: [Infeasibility] = []) {
    self.infeasible = infeasible
    schemaVersion = 1
    self.run = run.name
    experiment = run.experiment
    finishedTrials = run.trials.count
    totalTrials = run.trialBudget
    outcomes = Dictionary(
      uniqueKeysWithValues: TrialOutcome.Kind.allCases.map { ($0.rawValue, run.outcomeCounts[$0] ?? 0) })
    front = run.front.sorted()
    devices = run.devices.map { device in
      Device(
        name: device.name, arenaLimitBytes: device.arenaLimitBytes,
        admitted: run.trials.filter { $0.isFeasible(on: device.name) }.count,
        rejections: Dictionary(
          uniqueKeysWithValues: (run.rejectionCounts[device.name] ?? [:]).map { ($0.key.rawValue, $0.value) }),
        winner: Self.winner(of: device.name, run))
    }
  }

  private static func winner(of device: String, _ run: RunContent) -> Winner? {
    guard let trial = run.winners[device].map({ run.trials[$0] }), let measurement = trial.measurement,
      let onDevice = measurement.devices[device]
    else { return nil }
    let final = run.finalResult(of: trial)
    return Winner(
      trial: trial.id, label: run.labels[trial.id] ?? "", policy: trial.candidate.policy,
      validationAccuracy: measurement.validation.accuracy, validationScore: measurement.validation.score,
      testAccuracy: final?.testAccuracy,
      finalEpochs: final?.epochs, latencyMilliseconds: onDevice.latency.medianMilliseconds,
      peakBytes: onDevice.peak.bytes, arenaBytes: onDevice.arenaBytes,
      weightBytes: measurement.weightBytes)
  }
}
