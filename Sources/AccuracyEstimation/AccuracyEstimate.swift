/// An accuracy with all that says how it was found.
public struct AccuracyEstimate: Codable, Hashable, Sendable {
  /// The share of images that were classified correctly, in [0, 1].
  public let accuracy: Double
  /// The name of the estimator.
  public let estimator: String
  /// Which images it was measured on: `validation` are training images that the network was not trained on.
  public let split: String
  /// Images that the network was trained on.
  public let trainImages: Int
  /// Images that the accuracy was measured on.
  public let validationImages: Int
  /// Passes over the training images.
  public let epochs: Double
  /// The time of the estimation.
  public let seconds: Double
  /// Images that batch norms were recalibrated on; nil where they were not.
  public let recalibrationImages: Int?

  /// Creates an estimate.
  public init(
    accuracy: Double, estimator: String, split: String, trainImages: Int, validationImages: Int,
    epochs: Double, seconds: Double, recalibrationImages: Int? = nil
  ) {
    self.accuracy = accuracy
    self.estimator = estimator
    self.split = split
    self.trainImages = trainImages
    self.validationImages = validationImages
    self.epochs = epochs
    self.seconds = seconds
    self.recalibrationImages = recalibrationImages
  }
}
