import CoSearch
import ExperimentStore
import Foundation
import Foundations
import ScheduleTuning
import SearchSpaces
import Training

/// Logits of a device's winner by Tandem's own executor, in checked mode: in one arena, at the planned offsets.
struct TandemLogits {
  private let network: PlannedNetwork
  private let weightsFile: URL

  init(run: String, device: String, database: String) throws {
    let directory = RunDirectory(at: URL(fileURLWithPath: run))
    let experiment = try directory.experiment()
    let store = try directory.openStoreForReading()
    let trials = try store.trials()
    let winner = SearchSummary(trials: trials, devices: [device]).winners[device]!
    let candidate = trials[winner].candidate
    let profile = experiment.devices.first { $0.name == device }!
    let graph = try experiment.space.trainingGraph(
      for: candidate.architecture, input: experiment.dataset.input)
    network = try NetworkPlanner.plan(
      NetworkPlanner.bound(training: graph, policy: candidate.policy), for: profile,
      database: ScheduleDatabase(at: URL(fileURLWithPath: database)))
    let result = try store.finalResults().first { $0.architectureKey == candidate.architecture.key }!
    weightsFile = directory.url.appending(path: result.weightsFile!)
  }

  /// One row of logits per image; images are preprocessed already.
  func logits(images: [Float], count: Int) throws -> [Float] {
    let weights = network.inference.convert(try WeightsFile.read(weightsFile))
    let executor = try network.executor(weights: weights, threads: 1, mode: .checked)
    let size = images.count / count
    let rows = try (0..<count).flatMap { try executor.run(Array(images[$0 * size..<($0 + 1) * size])) }
    precondition(executor.measuredArenaBytes == network.arena.arenaBytes, "the arena is not what was planned")
    return rows
  }
}

/// A candidate as a file of its own.
struct CandidateDocument: Encodable {
  let schemaVersion = 1
  let architecture: Architecture
  let policy: SchedulingPolicy

  init(_ candidate: Candidate) {
    architecture = candidate.architecture
    policy = candidate.policy
  }
}
