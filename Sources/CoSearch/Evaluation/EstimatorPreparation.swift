import AccuracyEstimation
import Foundation
import Foundations
import SearchSpaces
import Training

/// How far the preparation of an estimator is.
public struct PreparationProgress: Hashable, Sendable {
  /// What is being done: `samples for the predictor`.
  public var task: String
  /// Units of work that are done, those of earlier sessions of the run included.
  public var done: Int
  /// All units.
  public var total: Int
  /// What was found, once there is something to say.
  public var note: String?

  /// Creates a progress.
  public init(task: String, done: Int, total: Int, note: String? = nil) {
    self.task = task
    self.done = done
    self.total = total
    self.note = note
  }
}

/// The estimator that an experiment describes, with all that has to happen before it can be asked: estimators that
/// learn from samples are made here, before the search, so that they are values without memory afterwards.
///
/// - Parameters:
///   - trainingSet: the published training part of the experiment's data set; nil only where
///     ``AccuracyConfiguration/usesTable``. The test part is never involved.
///   - checkpointFolder: the run's folder for what must not be computed twice; nil to keep nothing.
///   - progress: called on this thread after every unit of work, when its result has been stored.
/// - Returns: the same estimator for equal experiments and images, whether or not a part of the work was found in
///   `checkpointFolder`.
/// - Throws: ``SearchError/configuration(reason:)`` for settings or tables that do not fit,
///   ``SearchError/dataset(_:)`` if there are too few images.
public func prepareEstimator(
  for experiment: Experiment, trainingSet: ImageDataset?, checkpointFolder: URL? = nil,
  progress: (PreparationProgress) -> Void = { _ in }
) throws(SearchError) -> any AccuracyEstimator {
  switch experiment.accuracy.estimator {
  case .shortTraining: try experiment.shortTrainingEstimator(trainingSet: trainingSet)
  case .table: try experiment.tableEstimator()
  case .zeroCost: try experiment.zeroCostEstimator(trainingSet: trainingSet)
  case .successiveHalving:
    try experiment.halvingEstimator(
      trainingSet: trainingSet, checkpointFolder: checkpointFolder, progress: progress)
  case .predictor:
    try experiment.predictorEstimator(
      trainingSet: trainingSet, checkpointFolder: checkpointFolder, progress: progress)
  case .supernet:
    try experiment.supernetEstimator(
      trainingSet: trainingSet, checkpointFolder: checkpointFolder, progress: progress)
  }
}

extension Experiment {
  /// Reads the table of accuracies, if there is one, and checks that it is of this space: before anything is written.
  ///
  /// - Throws: ``SearchError/configuration(reason:)`` naming file and line.
  public func checkTable() throws(SearchError) {
    if accuracy.usesTable { _ = try tableEstimator() }
  }

  func shortTrainingEstimator(trainingSet: ImageDataset?) throws(SearchError) -> ShortTrainingEstimator {
    guard let trainingSet else { throw .configuration(reason: "the estimator needs the training images") }
    do throws(EstimationError) {
      return try ShortTrainingEstimator(
        trainingSet: trainingSet, trainImages: accuracy.trainImages,
        validationImages: accuracy.validationImages, splitSeed: seed(for: .split),
        configuration: accuracy.training, generalizationGapWeight: accuracy.generalizationGapWeight)
    } catch {
      throw SearchError(error)
    }
  }

  func zeroCostEstimator(trainingSet: ImageDataset?) throws(SearchError) -> ZeroCostEstimator {
    guard let reference = accuracy.zeroCost else {
      throw .configuration(reason: "the estimator needs a proxy")
    }
    do throws(EstimationError) {
      return try ZeroCostEstimator(
        proxy: reference.proxy, trainingSet: trainingSet, imageCount: reference.images,
        splitSeed: seed(for: .split))
    } catch {
      throw SearchError(error)
    }
  }

  func tableEstimator() throws(SearchError) -> TableEstimator {
    guard let reference = accuracy.table else { throw .configuration(reason: "the estimator needs a table") }
    let table: AccuracyTable
    do throws(AccuracyTableError) {
      table = try AccuracyTable.read(
        reference.file, column: reference.column, architectureColumn: reference.architectureColumn)
    } catch {
      throw .configuration(reason: error.description)
    }
    var generator = SeededGenerator(seed: seed(for: .preparation, key: "table"))
    let probes = (0..<1000).map { _ in space.sample(using: &generator).architecture }
    do throws(EstimationError) {
      return try TableEstimator(table: table, space: space, probes: probes)
    } catch {
      throw SearchError(error)
    }
  }
}

extension SearchError {
  /// What an estimator cannot be made for.
  init(_ error: EstimationError) {
    if case .dataset(let error) = error {
      self = .dataset(error)
    } else {
      self = .configuration(reason: error.description)
    }
  }
}
