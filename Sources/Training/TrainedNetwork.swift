import ComputationGraph

/// One pass over the training images, or the last part of one.
public struct EpochRecord: Codable, Hashable, Sendable {
  /// Passes finished at the end of this record; a fraction at the end of a training with a fractional count.
  public let epoch: Double
  /// The mean loss over the images of this pass, while the weights changed.
  public let trainLoss: Double
  /// The share of the images of this pass that were classified correctly, while the weights changed.
  public let trainAccuracy: Double
  /// The learning rate of the last step.
  public let learningRate: Double
  /// The time of this pass.
  public let seconds: Double
  /// The share of held-out training images that the network classified correctly after this pass; nil without any.
  public let validationAccuracy: Double?

  /// Creates a record.
  public init(
    epoch: Double, trainLoss: Double, trainAccuracy: Double, learningRate: Double, seconds: Double,
    validationAccuracy: Double? = nil
  ) {
    self.epoch = epoch
    self.trainLoss = trainLoss
    self.trainAccuracy = trainAccuracy
    self.learningRate = learningRate
    self.seconds = seconds
    self.validationAccuracy = validationAccuracy
  }
}

/// What a training leaves.
public struct TrainedNetwork: Sendable {
  /// All weights of the training form, running statistics included; with averaging, the averages.
  public let weights: WeightValues
  /// One record per epoch.
  public let history: [EpochRecord]

  /// Creates a result.
  public init(weights: WeightValues, history: [EpochRecord]) {
    self.weights = weights
    self.history = history
  }
}

/// How far a training is: passed on after every step.
public struct TrainingProgress: Hashable, Sendable {
  /// Steps finished.
  public let step: Int
  /// Steps in all.
  public let steps: Int
  /// Images seen.
  public let images: Int
  /// The mean loss of the last step.
  public let loss: Double
  /// The share of the last step's images that were classified correctly.
  public let accuracy: Double
  /// The learning rate of the last step.
  public let learningRate: Double
  /// The rate since the training began or was continued.
  public let imagesPerSecond: Double
  /// Seconds since the training began.
  public let seconds: Double
  /// The record of the pass that the step finished, if it did.
  public let record: EpochRecord?

  /// An estimate of the time left, from the rate so far.
  public var secondsLeft: Double { step == 0 ? 0 : seconds / Double(step) * Double(steps - step) }
}

/// The result of evaluating a network on labelled images.
public struct EvaluationResult: Codable, Hashable, Sendable {
  /// The share of images that were classified correctly.
  public let accuracy: Double
  /// The mean cross-entropy.
  public let loss: Double
  /// The number of images.
  public let images: Int
}
