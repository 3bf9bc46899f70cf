import CoSearch
import ComputationGraph
import Deployment
import Devices
import ExperimentStore
import Foundation
import Foundations
import ScheduleTuning
import Training

/// Makes the bundles of a run's trials.
struct RunBundles {
  let directory: RunDirectory
  let experiment: Experiment
  /// Where the files of weights are that results name; the run directory unless given.
  var weightsFolder: URL?
  /// Opens the schedule database, which is needed where kernels were fitted to a device's memory.
  let database: () throws -> any LatencyDatabase

  /// Writes `best/<device>/` for every device that has a winner.
  func writeWinners(_ result: SearchResult, _ finals: [String: FinalResult]) throws {
    for device in experiment.devices {
      guard let id = result.summary.winners[device.name], let final = finals[device.name] else { continue }
      try write(
        result.trials[id], final, for: device, to: directory.bestFolder(device: device.name),
        artifacts: Set(BundleArtifact.allCases))
    }
  }

  /// Writes the bundle of one trial that `device` admits.
  func write(
    _ trial: Trial, _ final: FinalResult, for device: DeviceProfile, to destination: URL,
    artifacts: Set<BundleArtifact>
  ) throws {
    guard let measurement = trial.measurement, let onDevice = measurement.devices[device.name],
      let weightsFile = final.weightsFile
    else { throw ExitStatus.badInput("trial \(trial.id) cannot be exported for '\(device.name)'") }
    let graph = try experiment.space.trainingGraph(
      for: trial.candidate.architecture, input: experiment.dataset.input)
    let plan = try plan(trial, graph, latency: onDevice.latency, for: device)
    let estimate = measurement.validation
    let content = BundleContent(
      architecture: trial.candidate.architecture,
      network: plan.network,
      weights: try weights(weightsFile), device: device,
      preprocessing: Preprocessing(
        mean: final.normalization.mean,
        standardDeviation: final.normalization.standardDeviation),
      accuracy: [
        // Scores of estimators that give no accuracy are left out.
        estimate.accuracy.map {
          AccuracyFigure(
            purpose: .search, accuracy: $0, split: estimate.split, images: estimate.validationImages,
            estimator: estimate.estimator, trainImages: estimate.trainImages, epochs: estimate.epochs)
        },
        AccuracyFigure(
          purpose: .final, accuracy: final.testAccuracy, split: "test", images: final.testImages,
          estimator: "final-training", trainImages: final.trainImages, epochs: final.epochs),
      ].compactMap { $0 },
      latency: plan.latency, target: plan.target,
      experiment: experiment.name, trialID: trial.id, classNames: experiment.dataset.classNames,
      producerVersion: TandemVersion.current)
    try BundleWriter.write(content, to: destination, artifacts: artifacts)
  }

  /// The plan that was searched, its latency, and where that was measured.
  ///
  /// Where kernels were fitted to the memory, the plan follows from latencies of operators that the schedule database
  /// holds. If it has lost them they are measured anew, here, and so is the latency of the plan, which may be another.
  private func plan(
    _ trial: Trial, _ graph: Graph, latency: LatencyStatistics, for device: DeviceProfile
  ) throws -> (network: PlannedNetwork, latency: LatencyStatistics, target: TargetFingerprint) {
    let bounded = try NetworkPlanner.bound(
      training: graph, policy: trial.candidate.policy, threads: device.threads)
    guard trial.candidate.policy.rowTile == .fit else {
      let network = try NetworkPlanner.plan(bounded, alignment: device.alignment)
      return (network, latency, try target(threads: latency.threads))
    }
    let database = try database()
    let network = try NetworkPlanner.plan(bounded, for: device, database: database)
    let meter = LatencyMeter(device: device)
    let found = try meter.latency(of: network, database: database).statistics
    return (network, found, found == latency ? try target(threads: latency.threads) : meter.target)
  }

  private func weights(_ file: String) throws -> WeightValues {
    do {
      return try WeightsFile.read((weightsFolder ?? directory.url).appendingPathComponent(file))
    } catch {
      throw ExitStatus.failure("\(error); delete the file, and --resume trains the network again")
    }
  }

  /// Where the run's latencies were measured, which need not be this machine.
  private func target(threads: Int) throws -> TargetFingerprint {
    let environment = try JSONFile.decode(
      RunEnvironment.self, from: AtomicFile.read(directory.environmentFile),
      source: directory.environmentFile.relativePath)
    return TargetFingerprint(
      cpu: environment.cpu, vectorExtension: environment.vectorExtension,
      blas: "\(environment.blas.version) \(environment.blas.core)", threads: threads)
  }
}
