import ComputationGraph
import Foundation
import SearchSpaces
import Training

/// Judges an architecture with the weights that it has in a trained supernet, after recalibrating its batch norms.
///
/// A heuristic: accuracies are below those of networks trained alone, and their order agrees with theirs in part only.
/// Validation images are those of ``ShortTrainingEstimator`` for the same seed and number.
public struct SupernetEstimator: AccuracyEstimator {
  /// `supernet`.
  public var name: String { "supernet" }
  /// The trained supernet.
  public let supernet: Supernet
  private let space: SearchSpace
  private let input: InputSpecification
  private let configuration: SupernetConfiguration
  private let recalibrationImages: ImageDataset
  private let validationImages: ImageDataset
  private let normalization: Normalization
  private let memories = TrainingMemoryPool()

  /// The images of one estimate.
  public var costDescription: String {
    "takes weights from a supernet, recalibrates on \(recalibrationImages.count) images, "
      + "validates on \(validationImages.count)"
  }

  /// Trains a supernet, or goes on from its checkpoint, or reads the finished one.
  ///
  /// - Parameters:
  ///   - trainingSet: the published *training* part; nothing else is ever looked at.
  ///   - splitSeed: of the division into images to train on and to validate on.
  ///   - configuration: the training and the images; its seed is used as it is.
  ///   - folder: where `supernet.checkpoint` is kept; nil to keep nothing.
  ///   - isAdmitted: whether an architecture is worth training; see ``SubnetSampler``. A supernet that is continued or
  ///     read is not trained again if this has changed.
  ///   - progress: called when the training begins and after every step.
  /// - Throws: ``EstimationError``; a supernet whose training diverges is ``EstimationError/diverged(step:loss:)``.
  public static func prepare(
    space: SearchSpace, input: InputSpecification, trainingSet: ImageDataset, splitSeed: UInt64,
    configuration: SupernetConfiguration, folder: URL?,
    isAdmitted: @escaping @Sendable (Architecture) -> Bool = { _ in true },
    progress: ((SupernetProgress) -> Void)? = nil
  ) throws(EstimationError) -> SupernetEstimator {
    let parts: (first: ImageDataset, second: ImageDataset)
    do throws(DatasetError) {
      parts = try trainingSet.stratifiedSplit(
        firstCount: configuration.trainImages, secondCount: configuration.validationImages, seed: splitSeed,
        names: ("\(trainingSet.name), training part", "\(trainingSet.name), validation part"))
    } catch {
      throw .dataset(error)
    }
    let normalization = Normalization(of: parts.first)
    let sampler = SubnetSampler(
      space: space, input: input, configuration: configuration, isAdmitted: isAdmitted)
    let supernet: Supernet
    do throws(TrainingError) {
      try configuration.validate(widths: space.widths, depths: space.depths)
      let trainer = try SupernetTrainer(
        configuration: configuration.training, distills: configuration.distillation,
        identity: identity(space, configuration, splitSeed: splitSeed))
      supernet = try trainer.train(
        on: parts.first, normalization: normalization,
        checkpoint: folder?.appending(path: "supernet.checkpoint"),
        subnets: { (step, steps) throws(TrainingError) in try sampler.step(step, of: steps) },
        progress: progress)
    } catch {
      throw EstimationError(error)
    }
    return SupernetEstimator(
      supernet: supernet, space: space, input: input, configuration: configuration,
      recalibrationImages: parts.first.subset(
        Array(0..<configuration.recalibrationImages), name: "\(trainingSet.name), recalibration part"),
      validationImages: parts.second, normalization: normalization)
  }

  /// Recalibrates and validates one network; `seed` has no influence, since nothing is random.
  public func estimate(_ subject: EstimationSubject, seed: UInt64) throws(EstimationError) -> AccuracyEstimate
  {
    let clock = ContinuousClock()
    let start = clock.now
    let result: EvaluationResult
    do throws(TrainingError) {
      guard let subnet = try Subnet(subject.architecture, in: space, input: input) else {
        throw .unsupportedGraph(reason: "the architecture connects nothing")
      }
      result = try memories.lend { (memory) throws(TrainingError) in
        try supernet.evaluate(
          subnet, recalibration: recalibrationImages, validation: validationImages,
          normalization: normalization, threads: configuration.training.threads,
          refitsClassifier: configuration.refitsClassifier, memory: memory)
      }
    } catch {
      throw EstimationError(error)
    }
    return AccuracyEstimate(
      accuracy: result.accuracy, estimator: name, split: "validation",
      trainImages: configuration.trainImages, validationImages: result.images,
      epochs: configuration.training.epochs, seconds: (clock.now - start) / .seconds(1),
      recalibrationImages: recalibrationImages.count)
  }

  /// What the training depends on besides what ``SupernetTrainer`` knows.
  private static func identity(
    _ space: SearchSpace, _ configuration: SupernetConfiguration, splitSeed: UInt64
  ) -> String {
    "space \(space.name) \(space.fingerprint), \(configuration.sampling), "
      + "emphasis \(configuration.operationEmphasis), phases \(configuration.phases), split \(splitSeed)"
  }
}
