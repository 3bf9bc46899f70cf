/// An accuracy, or a score that stands for it, with all that says how it was found.
public struct AccuracyEstimate: Codable, Hashable, Sendable {
  /// The share of images that were classified correctly, in [0, 1]: measured, looked up or predicted, as ``estimator``
  /// says. Nil where the estimator gives a ``score`` that is no accuracy.
  public let accuracy: Double?
  /// What the search ranks by where that is not the accuracy itself: the score of a zero-cost proxy, a penalised
  /// accuracy. Finite; higher is better; comparable only between estimates of one estimator.
  public let score: Double?
  /// The standard deviation of a predicted accuracy over the members of the predictor.
  public let standardDeviation: Double?
  /// The accuracy on the images that were trained on, where it was measured.
  public let trainAccuracy: Double?
  /// The name of the estimator.
  public let estimator: String
  /// Which images it was measured on: `validation` are training images that the network was not trained on.
  public let split: String
  /// Images that the network was trained on; 0 if it was not trained, or a table does not say.
  public let trainImages: Int
  /// Images that the accuracy was measured on, or the score computed from.
  public let validationImages: Int
  /// Passes over the training images.
  public let epochs: Double
  /// The time of the estimation.
  public var seconds: Double
  /// Images that batch norms were recalibrated on; nil where they were not.
  public let recalibrationImages: Int?

  /// What the search ranks by: the score where there is one, else the accuracy. Higher is better.
  public var merit: Double { score ?? accuracy ?? -.infinity }

  /// Creates an estimate.
  ///
  /// - Precondition: there is an accuracy or a score, and both are finite.
  public init(
    accuracy: Double?, score: Double? = nil, standardDeviation: Double? = nil, trainAccuracy: Double? = nil,
    estimator: String, split: String, trainImages: Int, validationImages: Int, epochs: Double,
    seconds: Double,
    recalibrationImages: Int? = nil
  ) {
    precondition(accuracy != nil || score != nil, "an estimate needs an accuracy or a score")
    precondition(accuracy?.isFinite != false && score?.isFinite != false, "estimates are finite")
    self.accuracy = accuracy
    self.score = score
    self.standardDeviation = standardDeviation
    self.trainAccuracy = trainAccuracy
    self.estimator = estimator
    self.split = split
    self.trainImages = trainImages
    self.validationImages = validationImages
    self.epochs = epochs
    self.seconds = seconds
    self.recalibrationImages = recalibrationImages
  }

  private enum CodingKeys: String, CodingKey {
    case accuracy, score, standardDeviation, trainAccuracy, estimator, split, trainImages, validationImages
    case epochs, seconds, recalibrationImages
  }

  /// Reads an estimate; one with neither accuracy nor score is refused.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    accuracy = try container.decodeIfPresent(Double.self, forKey: .accuracy)
    score = try container.decodeIfPresent(Double.self, forKey: .score)
    guard accuracy != nil || score != nil else {
      throw DecodingError.keyNotFound(
        CodingKeys.accuracy,
        .init(codingPath: decoder.codingPath, debugDescription: "neither 'accuracy' nor 'score'"))
    }
    standardDeviation = try container.decodeIfPresent(Double.self, forKey: .standardDeviation)
    trainAccuracy = try container.decodeIfPresent(Double.self, forKey: .trainAccuracy)
    estimator = try container.decode(String.self, forKey: .estimator)
    split = try container.decode(String.self, forKey: .split)
    trainImages = try container.decode(Int.self, forKey: .trainImages)
    validationImages = try container.decode(Int.self, forKey: .validationImages)
    epochs = try container.decode(Double.self, forKey: .epochs)
    seconds = try container.decode(Double.self, forKey: .seconds)
    recalibrationImages = try container.decodeIfPresent(Int.self, forKey: .recalibrationImages)
  }
}
