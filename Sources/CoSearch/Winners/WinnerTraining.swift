import ComputationGraph
import Foundation
import SearchSpaces
import Training

/// Trains each device's winner from scratch on the whole training set and tests it once.
///
/// Winners that share an architecture share the training. What the journal holds is not repeated, so that the
/// test set is touched once per architecture however often a run is continued.
public struct WinnerTraining: Sendable {
  private let experiment: Experiment
  private let journal: any SearchJournal
  private let runFolder: URL?

  /// Prepares the final trainings of a run.
  ///
  /// - Parameter runFolder: where weights are stored, as `checkpoint/trial-<id>.weights`; nil to store none.
  public init(experiment: Experiment, journal: any SearchJournal, runFolder: URL?) {
    self.experiment = experiment
    self.journal = journal
    self.runFolder = runFolder
  }

  /// Trains, tests and records every winner that has no recorded result.
  ///
  /// - Parameters:
  ///   - result: a finished search.
  ///   - trainingSet: the whole training part of the data set.
  ///   - testSet: the test part.
  ///   - isCancelled: asked before every training; when true the work stops, to be continued later.
  ///   - report: called on this thread for every event.
  /// - Returns: the result of every winner that is trained, by device name; winners that share an architecture
  ///   share a result.
  /// - Throws: ``SearchError``; results recorded before stay.
  public func run(
    _ result: SearchResult, trainingSet: ImageDataset, testSet: ImageDataset,
    isCancelled: () -> Bool = { false }, report: (SearchEvent) -> Void = { _ in }
  ) throws(SearchError) -> [String: FinalResult] {
    var results: [String: FinalResult] = [:]
    do {
      for stored in try journal.finalResults() { results[stored.architectureKey] = stored }
    } catch {
      throw .journal(error)
    }
    let winners = Dictionary(grouping: experiment.devices.map(\.name)) { result.summary.winners[$0] }
    // By trial id, so that the order of devices makes no difference to what is trained.
    for (trialID, devices) in winners.compactMap({ id, devices in id.map { ($0, devices) } })
      .sorted(by: { $0.0 < $1.0 })
    {
      let architecture = result.trials[trialID].candidate.architecture
      if let stored = results[architecture.key], hasWeights(stored) { continue }
      if isCancelled() { break }
      results[architecture.key] = try train(
        result.trials[trialID], devices: devices, trainingSet: trainingSet, testSet: testSet, report: report)
    }
    return result.summary.winners.compactMapValues {
      results[result.trials[$0].candidate.architecture.key]
    }
  }

  /// Trains, tests and records one trial, a winner or not, whether or not there is a result already.
  ///
  /// - Parameter devices: the devices that it won, for the report.
  /// - Throws: ``SearchError``; nothing is then recorded.
  public func train(
    _ trial: Trial, devices: [String] = [], trainingSet: ImageDataset, testSet: ImageDataset,
    report: (SearchEvent) -> Void = { _ in }
  ) throws(SearchError) -> FinalResult {
    report(.finalTrainingStarted(trialID: trial.id, devices: devices))
    let result = try trained(
      trial.candidate.architecture, trialID: trial.id, trainingSet: trainingSet, testSet: testSet,
      report: report)
    do {
      try journal.record(result)
    } catch {
      throw .journal(error)
    }
    report(.finalTrainingFinished(result))
    return result
  }

  private func trained(
    _ architecture: Architecture, trialID: Int, trainingSet: ImageDataset, testSet: ImageDataset,
    report: (SearchEvent) -> Void
  ) throws(SearchError) -> FinalResult {
    let start = ContinuousClock.now
    let normalization = Normalization(of: trainingSet)
    let network: TrainedNetwork
    let testAccuracy: Double
    do {
      let session = try ArchitectureTraining(experiment: experiment, architecture: architecture).session(
        on: trainingSet, normalization: normalization)
      while !session.isFinished {
        report(.finalTrainingProgress(trialID: trialID, try session.advance()))
      }
      network = try session.finish()
      testAccuracy = try session.trainer.accuracy(on: testSet, normalization: normalization)
    } catch {
      throw .finalTraining(trialID: trialID, reason: "\(error)")
    }
    return FinalResult(
      trialID: trialID, architectureKey: architecture.key, testAccuracy: testAccuracy,
      testImages: testSet.count, trainImages: trainingSet.count, epochs: experiment.final.epochs,
      seconds: start.secondsUntilNow, normalization: normalization,
      weightsFile: try store(network.weights, trialID: trialID), history: network.history)
  }

  /// Writes the weights into the run folder and returns the path inside it.
  private func store(_ weights: WeightValues, trialID: Int) throws(SearchError) -> String? {
    guard let runFolder else { return nil }
    let path = "checkpoint/trial-\(trialID).weights"
    do {
      try WeightsFile.write(weights, to: runFolder.appending(path: path))
    } catch {
      throw .weights(path: path, reason: error.description)
    }
    return path
  }

  /// Whether the weights of a recorded result are still there, if they are to be stored at all.
  private func hasWeights(_ result: FinalResult) -> Bool {
    guard let runFolder else { return true }
    guard let path = result.weightsFile else { return false }
    return FileManager.default.fileExists(atPath: runFolder.appending(path: path).path)
  }
}
