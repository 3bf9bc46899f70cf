import Training

/// What a search reports while it runs, for progress bars and logs. Events come in order, on the search's thread.
public enum SearchEvent: Sendable {
  /// The search begins, or continues after the trials that the journal holds.
  case started(SearchProgress)
  /// A trial has been recorded.
  case trialFinished(Trial, SearchProgress)
  /// A recorded trial has been judged for devices that were added to the run.
  case trialRejudged(Trial)
  /// No candidate is left that has not been asked for: the search ends before its budget.
  case spaceExhausted(SearchProgress)
  /// The final training of a winner begins; `devices` are those that it won.
  case finalTrainingStarted(trialID: Int, devices: [String])
  /// A final training goes on.
  case finalTrainingProgress(trialID: Int, TrainingProgress)
  /// A final training has been tested and recorded.
  case finalTrainingFinished(FinalResult)
}

/// How far a search is.
public struct SearchProgress: Codable, Hashable, Sendable {
  /// Trials recorded, those of earlier sessions of the run included.
  public var finishedTrials: Int
  /// The budget.
  public var totalTrials: Int
  /// Trials that at least one device admits and that were measured.
  public var measuredTrials: Int
  /// Trials that no device admits.
  public var rejectedTrials: Int
  /// Trials that failed.
  public var failedTrials: Int
  /// How many candidates each device rejected, by device name and reason (the raw value of the reason).
  public var rejections: [String: [String: Int]]
  /// The best candidate so far of every device that has one, by device name.
  public var best: [String: BestTrial]
  /// Wall-clock time of this session.
  public var seconds: Double
  /// Trials per second of this session; 0 before its first trial.
  public var trialsPerSecond: Double

  /// The time that the rest of the budget takes at this rate; nil while the rate is unknown.
  public var secondsLeft: Double? {
    trialsPerSecond > 0 ? Double(max(0, totalTrials - finishedTrials)) / trialsPerSecond : nil
  }

  /// How many rejections there were for each reason, over all devices.
  public var rejectionsByReason: [Rejection.Reason: Int] {
    var counts: [Rejection.Reason: Int] = [:]
    for (name, count) in rejections.values.joined() {
      if let reason = Rejection.Reason(rawValue: name) { counts[reason, default: 0] += count }
    }
    return counts
  }
}

/// The figures of a device's best candidate.
public struct BestTrial: Codable, Hashable, Sendable {
  /// The trial.
  public var trialID: Int
  /// What it was chosen by: the validation accuracy, or the estimator's score.
  public var merit: Double
  /// Validation accuracy, in [0, 1]; nil where the estimator gives scores that are no accuracies.
  public var accuracy: Double?
  /// Median latency on the device.
  public var latencyMilliseconds: Double
  /// Live peak, workspace included.
  public var peakBytes: Int
  /// Arena on the device.
  public var arenaBytes: Int
}
