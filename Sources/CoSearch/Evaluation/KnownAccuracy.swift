import AccuracyEstimation

/// What is known of an architecture's accuracy from an earlier trial: the same architecture under another policy
/// is not trained again.
public enum KnownAccuracy: Hashable, Sendable {
  /// Its estimate.
  case estimate(AccuracyEstimate)
  /// Its estimation failed, and would again.
  case failure(message: String)
}

extension Trial {
  /// What this trial tells about its architecture's accuracy; nil if it was not estimated.
  var knownAccuracy: KnownAccuracy? {
    switch outcome {
    case .measured(let measurement): .estimate(measurement.validation)
    case .failed(let failure) where failure.stage == .accuracy: .failure(message: failure.message)
    default: nil
    }
  }
}
