import AccuracyEstimation
import Foundation
import Foundations
import Training

extension Experiment {
  /// Estimates a sample of the space with the base estimator and trains a predictor on it, which is stored as
  /// `predictor.json` beside the sample.
  ///
  /// The architectures are drawn uniformly from the space, not from those that fit a device: what the predictor knows
  /// does not depend on the devices, which can be added to a run.
  func predictorEstimator(
    trainingSet: ImageDataset?, checkpointFolder: URL?, progress: (PreparationProgress) -> Void
  ) throws(SearchError) -> PredictorEstimator {
    guard let reference = accuracy.predictor else {
      throw .configuration(reason: "the estimator needs a predictor")
    }
    let base: any AccuracyEstimator =
      reference.base == .table
      ? try tableEstimator() : try shortTrainingEstimator(trainingSet: trainingSet)
    var cache = try EstimateCache(folder: checkpointFolder, name: "predictor-samples.json")
    let subjects = try sampledSubjects(reference.samples, purpose: "predictor")
    let encoding = ArchitectureEncoding(space)
    let task = "samples for the predictor"
    var samples: [AccuracyPredictor.Sample] = []
    var example: AccuracyEstimate?
    for (number, subject) in subjects.enumerated() {
      let known = try cache.estimate(subject.architecture.key) { () throws(EstimationError) in
        try base.estimate(subject, seed: seed(for: .estimate, key: subject.architecture.key))
      }
      if case .estimate(let estimate) = known, let accuracy = estimate.accuracy {
        samples.append(.init(features: encoding.features(of: subject), accuracy: accuracy))
        example = example ?? estimate
      }
      progress(PreparationProgress(task: task, done: number + 1, total: subjects.count))
    }
    guard let example, samples.count >= 8 else {
      throw .configuration(
        reason:
          "the predictor has only \(samples.count) samples of \(reference.samples): the others failed, or the "
          + "space has no more")
    }
    let predictor = AccuracyPredictor(
      samples: samples, encoding: encoding, model: reference.model, members: reference.members,
      seed: seed(for: .preparation, key: "predictor ensemble"))
    if let folder = checkpointFolder { try store(predictor, in: folder) }
    let tau = predictor.crossValidation.map { String(format: "%.3f", $0.kendallTau) } ?? "unknown"
    progress(
      PreparationProgress(
        task: task, done: subjects.count, total: subjects.count,
        note: "\(samples.count) samples, cross-validated Kendall tau \(tau)"))
    return PredictorEstimator(predictor: predictor, example: example)
  }

  private func store(_ predictor: AccuracyPredictor, in folder: URL) throws(SearchError) {
    let file = folder.appending(path: "predictor.json")
    do {
      try AtomicFile.write(JSONFile.encode(predictor), to: file)
    } catch {
      throw .weights(path: file.relativePath, reason: "\(error)")
    }
  }
}
