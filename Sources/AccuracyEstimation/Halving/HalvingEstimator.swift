/// Successive halving for candidates that come one at a time: a candidate goes on to the next rung if it reaches the
/// rung's threshold.
///
/// An estimator is a value without memory, so that it cannot compare a candidate with those before it. The thresholds are
/// therefore learnt beforehand, by ``SuccessiveHalving`` on a sample of the space (``SuccessiveHalving/Result/thresholds``):
/// a candidate goes on if it would have been among the best one in `eta` of the sample. (Asynchronous halving, Li et al.,
/// arXiv 1810.05934, promotes against all candidates seen so far; fixed thresholds are our simplification of it.)
///
/// An estimate's accuracy is that of the last rung reached, with its fidelity. Accuracies of different rungs cannot be
/// compared; the score is therefore the number of the rung plus the accuracy: who gets further ranks higher.
public struct HalvingEstimator: AccuracyEstimator {
  /// `successive-halving`.
  public var name: String { "successive-halving" }
  /// The estimators, the cheapest first; they give accuracies.
  public let rungs: [any AccuracyEstimator]
  /// What a candidate has to reach to go on, per rung but the last; nil lets nobody on.
  public let thresholds: [Double?]

  /// The cost of every rung.
  public var costDescription: String { rungs.map(\.costDescription).joined(separator: "; then ") }

  /// Creates an estimator. - Precondition: one threshold less than rungs.
  public init(rungs: [any AccuracyEstimator], thresholds: [Double?]) {
    precondition(!rungs.isEmpty && thresholds.count == rungs.count - 1, "one threshold less than rungs")
    self.rungs = rungs
    self.thresholds = thresholds
  }

  /// Estimates one network on one rung after the other.
  public func estimate(_ subject: EstimationSubject, seed: UInt64) throws(EstimationError) -> AccuracyEstimate
  {
    var seconds = 0.0
    for (rung, estimator) in rungs.enumerated() {
      let estimate = try estimator.estimate(subject, seed: seed)
      seconds += estimate.seconds
      if rung < thresholds.count, let threshold = thresholds[rung], estimate.merit >= threshold { continue }
      return AccuracyEstimate(
        accuracy: estimate.accuracy, score: Double(rung) + estimate.merit,
        trainAccuracy: estimate.trainAccuracy, estimator: name, split: estimate.split,
        trainImages: estimate.trainImages, validationImages: estimate.validationImages,
        epochs: estimate.epochs, seconds: seconds)
    }
    preconditionFailure("the last rung has no threshold")
  }
}
