import Devices

/// Counts trials and keeps the best one of every device: a search's standing after any number of trials.
public struct SearchTally: Sendable {
  /// Trials counted.
  public private(set) var count = 0
  /// How many trials had each outcome.
  public private(set) var outcomes: [TrialOutcome.Kind: Int] = [:]
  /// How many candidates each device rejected, by device name and reason.
  public private(set) var rejections: [String: [Rejection.Reason: Int]] = [:]
  /// The winner so far of every device that admits a candidate, by device name: the highest validation accuracy (or score);
  /// ties go to the lower latency, then the lower peak, then the lower id.
  public private(set) var best: [String: BestTrial] = [:]

  /// Creates an empty tally.
  public init() {}

  /// Creates the tally of some trials.
  public init(of trials: some Sequence<Trial>) {
    for trial in trials { add(trial) }
  }

  /// Counts a trial.
  public mutating func add(_ trial: Trial) {
    count += 1
    outcomes[trial.outcome.kind, default: 0] += 1
    for (device, rejection) in trial.rejections {
      rejections[device, default: [:]][rejection.reason, default: 0] += 1
    }
    guard let measurement = trial.measurement else { return }
    for (device, result) in measurement.devices {
      let rival = BestTrial(
        trialID: trial.id, merit: measurement.validation.merit,
        accuracy: measurement.validation.accuracy,
        latencyMilliseconds: result.latency.medianMilliseconds, peakBytes: result.peak.bytes,
        arenaBytes: result.arenaBytes)
      if let current = best[device], !rival.wins(over: current) { continue }
      best[device] = rival
    }
  }
}

extension BestTrial {
  fileprivate func wins(over other: BestTrial) -> Bool {
    if merit != other.merit { return merit > other.merit }
    return (latencyMilliseconds, peakBytes, trialID)
      < (other.latencyMilliseconds, other.peakBytes, other.trialID)
  }
}
