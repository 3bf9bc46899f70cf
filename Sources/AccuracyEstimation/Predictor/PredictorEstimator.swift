/// Predicts accuracies; see ``AccuracyPredictor``. What it predicts are the results of the base estimator, whose
/// provenance its estimates carry.
public struct PredictorEstimator: AccuracyEstimator {
  /// `predictor:short-training`: what is predicted follows the colon.
  public var name: String { "predictor:\(example.estimator)" }
  /// The predictor.
  public let predictor: AccuracyPredictor
  private let example: AccuracyEstimate

  /// How the predictor ranks.
  public var costDescription: String {
    "predicts"
      + (predictor.crossValidation.map {
        ", cross-validated Kendall tau \(($0.kendallTau * 1000).rounded() / 1000) on \($0.samples) samples"
      } ?? "")
  }

  /// Creates an estimator.
  ///
  /// - Parameter example: an estimate of the kind that is predicted.
  public init(predictor: AccuracyPredictor, example: AccuracyEstimate) {
    self.predictor = predictor
    self.example = example
  }

  /// Predicts one architecture; the seed makes no difference.
  public func estimate(_ subject: EstimationSubject, seed: UInt64) throws(EstimationError) -> AccuracyEstimate
  {
    let clock = ContinuousClock()
    let start = clock.now
    let prediction = predictor.predict(predictor.encoding.features(of: subject))
    return AccuracyEstimate(
      accuracy: min(max(prediction.mean, 0), 1), standardDeviation: prediction.standardDeviation,
      estimator: name, split: example.split, trainImages: example.trainImages,
      validationImages: example.validationImages, epochs: example.epochs,
      seconds: (clock.now - start) / .seconds(1))
  }
}
