import AccuracyEstimation
import SearchSpaces

/// Everything known of one candidate that the search asked for.
///
/// Rejected and failed candidates are trials too. Identifiers count from 0 in the order of asking.
public struct Trial: Codable, Hashable, Sendable, Identifiable {
  /// The number of the trial in its run.
  public let id: Int
  /// The architecture and the scheduling policy.
  public let candidate: Candidate
  /// What became of it.
  public var outcome: TrialOutcome
  /// Wall-clock time of the evaluation. The only content besides the estimate's `seconds` that differs when a
  /// run is repeated.
  public var seconds: Double

  /// Creates a trial.
  public init(id: Int, candidate: Candidate, outcome: TrialOutcome, seconds: Double) {
    self.id = id
    self.candidate = candidate
    self.outcome = outcome
    self.seconds = seconds
  }

  /// The measurement, if the candidate was admitted by a device and nothing failed.
  public var measurement: Measurement? {
    if case .measured(let measurement) = outcome { measurement } else { nil }
  }

  /// Why each device that rejected the candidate did so, by device name.
  public var rejections: [String: Rejection] {
    switch outcome {
    case .rejected(let rejections): rejections
    case .measured(let measurement): measurement.rejections
    case .failed(let failure): failure.rejections
    }
  }

  /// Whether the candidate was measured and `device` admits it.
  public func isFeasible(on device: String) -> Bool { measurement?.devices[device] != nil }

  /// The trial with every wall-clock time set to 0: equal for equal seed, experiment and schedule database.
  public var withoutWallClock: Trial {
    var copy = self
    copy.seconds = 0
    if case .measured(var measurement) = outcome {
      measurement.validation = measurement.validation.withoutWallClock
      copy.outcome = .measured(measurement)
    }
    return copy
  }
}

extension AccuracyEstimate {
  fileprivate var withoutWallClock: AccuracyEstimate {
    AccuracyEstimate(
      accuracy: accuracy, estimator: estimator, split: split, trainImages: trainImages,
      validationImages: validationImages, epochs: epochs, seconds: 0,
      recalibrationImages: recalibrationImages)
  }
}
