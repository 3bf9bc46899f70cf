import AccuracyEstimation
import Foundation
import Training

extension Experiment {
  /// Learns the thresholds of the rungs by successive halving on a sample of the space.
  func halvingEstimator(
    trainingSet: ImageDataset?, checkpointFolder: URL?, progress: (PreparationProgress) -> Void
  ) throws(SearchError) -> HalvingEstimator {
    guard let reference = accuracy.halving else { throw .configuration(reason: "the estimator needs rungs") }
    var rungs: [ShortTrainingEstimator] = []
    let top = Fidelity(trainImages: accuracy.trainImages, epochs: accuracy.training.epochs)
    for fidelity in Fidelity.ladder(top: top, rungs: reference.rungs, eta: reference.eta) {
      var rung = self
      rung.accuracy.trainImages = fidelity.trainImages
      rung.accuracy.training.epochs = fidelity.epochs
      rungs.append(try rung.shortTrainingEstimator(trainingSet: trainingSet))
    }
    var cache = try EstimateCache(folder: checkpointFolder, name: "halving-samples.json")
    let subjects = try sampledSubjects(reference.calibrationSamples, purpose: "halving")
    let halving = SuccessiveHalving(rungs: reference.rungs, eta: reference.eta)
    let total = halving.counts(of: subjects.count).reduce(0, +)
    let task = "thresholds of successive halving"
    var done = 0
    var broken: SearchError?
    let result = halving.run(count: subjects.count) { (candidate, rung) throws(EstimationError) in
      let subject = subjects[candidate]
      let known: KnownAccuracy
      do throws(SearchError) {
        if broken != nil { throw broken! }
        known = try cache.estimate("\(rung) \(subject.architecture.key)") { () throws(EstimationError) in
          try rungs[rung].estimate(subject, seed: seed(for: .estimate, key: subject.architecture.key))
        }
      } catch {
        broken = error
        throw .unavailable(reason: error.description)
      }
      done += 1
      progress(PreparationProgress(task: task, done: done, total: total))
      switch known {
      case .estimate(let estimate): return estimate
      case .failure(let message): throw .unavailable(reason: message)
      }
    }
    if let broken { throw broken }
    let texts = result.thresholds.map { $0.map { String(format: "%.4f", $0) } ?? "none" }
    progress(
      PreparationProgress(
        task: task, done: total, total: total,
        note: "to go on, a candidate needs an accuracy of \(texts.joined(separator: ", then "))"))
    return HalvingEstimator(rungs: rungs, thresholds: result.thresholds)
  }
}
