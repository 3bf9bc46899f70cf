import AccuracyEstimation
import Foundation
import ScheduleTuning
import SearchSpaces
import Training

extension CandidateEvaluator {
  /// The evaluator that an experiment describes, with real measurements; an estimator that has to be prepared is
  /// prepared here, anew (``prepareEstimator(for:trainingSet:checkpointFolder:progress:)`` keeps what it did).
  ///
  /// - Parameters:
  ///   - trainingSet: the published training part of the experiment's data set (`experiment.dataset.load(.train)`);
  ///     a part of it trains, another validates. Nil where accuracies come from a table.
  ///   - database: where latencies are frozen.
  /// - Throws: ``SearchError/dataset(_:)`` if there are too few images, ``SearchError/configuration(reason:)``.
  public init(
    experiment: Experiment, trainingSet: ImageDataset?, database: any LatencyDatabase
  ) throws(SearchError) {
    self.init(
      experiment: experiment, latency: DatabaseLatencySource(database: database),
      accuracy: try prepareEstimator(for: experiment, trainingSet: trainingSet))
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
