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
    let bounded = try NetworkPlanner.bound(training: graph, policy: trial.candidate.policy)
    let estimate = measurement.validation
    let content = BundleContent(
      architecture: trial.candidate.architecture,
      network: try NetworkPlanner.plan(bounded, alignment: device.alignment),
      weights: try weights(weightsFile), device: device,
      preprocessing: Preprocessing(
        mean: final.normalization.mean,
        standardDeviation: final.normalization.standardDeviation),
      accuracy: [
        AccuracyFigure(
          purpose: .search, accuracy: estimate.accuracy, split: estimate.split,
          images: estimate.validationImages,
          estimator: estimate.estimator, trainImages: estimate.trainImages, epochs: estimate.epochs),
        AccuracyFigure(
          purpose: .final, accuracy: final.testAccuracy, split: "test", images: final.testImages,
          estimator: "final-training", trainImages: final.trainImages, epochs: final.epochs),
      ],
      latency: onDevice.latency, target: try target(threads: onDevice.latency.threads),
      experiment: experiment.name, trialID: trial.id, classNames: experiment.dataset.classNames,
      producerVersion: TandemVersion.current)
    try BundleWriter.write(content, to: destination, artifacts: artifacts)
  }

  private func weights(_ file: String) throws -> WeightValues {
    do {
      return try WeightsFile.read(directory.url.appendingPathComponent(file))
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

extension DatasetReference {
  /// The published names of the classes, in the order of the labels.
  var classNames: [String] {
    switch name {
    case .fashionMNIST:
      [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
        "Ankle boot",
      ]
    }
  }
}
