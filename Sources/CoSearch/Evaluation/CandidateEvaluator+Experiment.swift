import AccuracyEstimation
import Foundation
import ScheduleTuning
import SearchSpaces
import Training

extension CandidateEvaluator {
  /// The evaluator that an experiment describes, with real training and real measurements.
  ///
  /// - Parameters:
  ///   - trainingSet: the published training part of the experiment's data set (`experiment.dataset.load(.train)`);
  ///     a part of it trains, another validates.
  ///   - database: where latencies are frozen.
  ///   - checkpointFolder: where a supernet is kept; nil to train one that is forgotten.
  ///   - supernetProgress: called while a supernet is trained, before this returns.
  /// - Throws: ``SearchError/dataset(_:)`` if there are too few images.
  public init(
    experiment: Experiment, trainingSet: ImageDataset, database: any LatencyDatabase,
    checkpointFolder: URL? = nil, supernetProgress: ((SupernetProgress) -> Void)? = nil
  ) throws(SearchError) {
    let estimator: any AccuracyEstimator
    do {
      switch experiment.accuracy.estimator {
      case .shortTraining:
        estimator = try ShortTrainingEstimator(
          trainingSet: trainingSet, trainImages: experiment.accuracy.trainImages,
          validationImages: experiment.accuracy.validationImages,
          splitSeed: experiment.seed(for: .split), configuration: experiment.accuracy.training)
      case .supernet:
        estimator = try SupernetEstimator.prepare(
          for: experiment, trainingSet: trainingSet, checkpointFolder: checkpointFolder,
          progress: supernetProgress)
      }
    } catch .dataset(let error) {
      throw .dataset(error)
    } catch {
      throw .configuration(reason: error.description)
    }
    self.init(
      experiment: experiment, latency: DatabaseLatencySource(database: database), accuracy: estimator)
  }

  /// An evaluator for an experiment with other sources of latency and accuracy.
  public init(
    experiment: Experiment, latency: any LatencySource, accuracy: any AccuracyEstimator
  ) {
    self.init(
      space: experiment.space, input: experiment.dataset.input, latency: latency, accuracy: accuracy,
      seed: { experiment.seed(for: .estimate, key: $0.key) })
  }
}
