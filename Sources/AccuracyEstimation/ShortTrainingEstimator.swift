import ComputationGraph
import Training

/// Trains a network from scratch on a part of the training images and validates it on another part.
///
/// Every candidate is trained and validated on the same images: the division depends on `splitSeed` alone, and the
/// validation part does not even depend on how many images are trained on. The published test images are never
/// involved.
public struct ShortTrainingEstimator: AccuracyEstimator {
  /// `short-training`.
  public var name: String { "short-training" }
  /// How the networks are trained; the seed is replaced by that of each estimate.
  public let configuration: TrainingConfiguration
  /// The images to train on.
  public let trainImages: ImageDataset
  /// The images to validate on: disjoint from those to train on.
  public let validationImages: ImageDataset
  /// The statistics of the images to train on.
  public let normalization: Normalization
  /// How much of the difference between training and validation accuracy is taken off the score; 0 for a score that is
  /// the validation accuracy.
  ///
  /// The journal version of CHaNAS (Chen et al., ACM TECS 2022, doi 10.1145/3533251) adds a term for the generalisation
  /// gap to its objective, so that architectures prone to over-fitting are not chosen. *Reconstructed* from its abstract:
  /// score = validation accuracy − weight · (training accuracy − validation accuracy), both after the training, with
  /// running statistics, the training accuracy on as many of the images trained on as are validated on.
  public let generalizationGapWeight: Double

  /// The images and epochs of one estimate.
  public var costDescription: String {
    "trains \(trainImages.count) images for \(configuration.epochs) epochs, validates on \(validationImages.count)"
  }

  /// Divides a data set's training images.
  ///
  /// - Parameters:
  ///   - trainingSet: the published *training* part; nothing else is ever looked at.
  ///   - trainImages: how many images to train on.
  ///   - validationImages: how many other images to validate on.
  ///   - splitSeed: of the division.
  ///   - configuration: how to train.
  ///   - generalizationGapWeight: see ``generalizationGapWeight``; finite and not negative.
  /// - Throws: ``EstimationError`` if there are too few images or the configuration makes no sense.
  public init(
    trainingSet: ImageDataset, trainImages: Int, validationImages: Int, splitSeed: UInt64,
    configuration: TrainingConfiguration, generalizationGapWeight: Double = 0
  ) throws(EstimationError) {
    precondition(generalizationGapWeight.isFinite && generalizationGapWeight >= 0)
    self.generalizationGapWeight = generalizationGapWeight
    do {
      try configuration.validate()
      guard trainImages > 0, validationImages > 0 else {
        throw EstimationError.training(
          .datasetMismatch(reason: "at least one image to train on and one to validate on are needed"))
      }
      let parts = try trainingSet.stratifiedSplit(
        firstCount: trainImages, secondCount: validationImages, seed: splitSeed,
        names: ("\(trainingSet.name), training part", "\(trainingSet.name), validation part"))
      self.trainImages = parts.first
      self.validationImages = parts.second
    } catch let error as DatasetError {
      throw .dataset(error)
    } catch let error as TrainingError {
      throw .training(error)
    } catch let error as EstimationError {
      throw error
    } catch {
      preconditionFailure("unexpected error: \(error)")
    }
    self.configuration = configuration
    normalization = Normalization(of: self.trainImages)
  }

  /// Trains and validates one network.
  public func estimate(_ subject: EstimationSubject, seed: UInt64) throws(EstimationError) -> AccuracyEstimate
  {
    let clock = ContinuousClock()
    let start = clock.now
    let accuracy: Double
    var trainAccuracy: Double?
    do {
      let trainer = try Trainer(graph: subject.training, configuration: configuration, seed: seed)
      _ = try trainer.train(on: trainImages, normalization: normalization)
      accuracy = try trainer.accuracy(on: validationImages, normalization: normalization)
      if generalizationGapWeight > 0 {
        // The images stand in random order.
        let part = trainImages.subset(Array(0..<min(trainImages.count, validationImages.count)))
        trainAccuracy = try trainer.accuracy(on: part, normalization: normalization)
      }
    } catch {
      throw EstimationError(error)
    }
    return AccuracyEstimate(
      accuracy: accuracy,
      score: trainAccuracy.map { accuracy - generalizationGapWeight * ($0 - accuracy) },
      trainAccuracy: trainAccuracy, estimator: name, split: "validation", trainImages: trainImages.count,
      validationImages: validationImages.count, epochs: configuration.epochs,
      seconds: (clock.now - start) / .seconds(1))
  }
}
