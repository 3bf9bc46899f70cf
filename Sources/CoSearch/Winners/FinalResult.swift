import AccuracyEstimation
import Training

/// The final training of a winner and its one test.
public struct FinalResult: Codable, Hashable, Sendable {
  /// The trial whose candidate was trained. The first by id when several winners share the architecture.
  public let trialID: Int
  /// The key of the architecture: winners with the same key share this result.
  public let architectureKey: String
  /// Accuracy on the test set, in [0, 1]: images that neither the search nor the training saw.
  public let testAccuracy: Double
  /// Images in the test set.
  public let testImages: Int
  /// Images trained on: the whole training set.
  public let trainImages: Int
  /// Passes over the training set.
  public let epochs: Double
  /// Wall-clock time of the training and the test.
  public let seconds: Double
  /// How pixels are scaled; part of what another program needs to run the model.
  public let normalization: Normalization
  /// The weights, relative to the run directory: `checkpoint/…`; nil when the journal keeps no files.
  public let weightsFile: String?
  /// One record per epoch.
  public let history: [EpochRecord]

  /// Creates a result.
  public init(
    trialID: Int, architectureKey: String, testAccuracy: Double, testImages: Int, trainImages: Int,
    epochs: Double, seconds: Double, normalization: Normalization, weightsFile: String?,
    history: [EpochRecord]
  ) {
    self.trialID = trialID
    self.architectureKey = architectureKey
    self.testAccuracy = testAccuracy
    self.testImages = testImages
    self.trainImages = trainImages
    self.epochs = epochs
    self.seconds = seconds
    self.normalization = normalization
    self.weightsFile = weightsFile
    self.history = history
  }
}
