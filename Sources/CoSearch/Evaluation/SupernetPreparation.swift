import AccuracyEstimation
import ComputationGraph
import Devices
import Foundation
import ScheduleTuning
import SearchSpaces
import Training

extension SupernetEstimator {
  /// The estimator of an experiment whose accuracies come from a supernet: trained, continued or read.
  ///
  /// Networks that no device of the experiment can hold under any policy are not trained.
  ///
  /// - Parameters:
  ///   - trainingSet: the published training part of the experiment's data set.
  ///   - checkpointFolder: the run's folder for weights, in which the supernet gets a folder; nil to keep nothing.
  ///   - progress: see `prepare(space:input:…)`.
  /// - Precondition: the experiment's estimator is the supernet.
  /// - Throws: `EstimationError`.
  public static func prepare(
    for experiment: Experiment, trainingSet: ImageDataset, checkpointFolder: URL?,
    progress: ((SupernetProgress) -> Void)? = nil
  ) throws(EstimationError) -> SupernetEstimator {
    let accuracy = experiment.accuracy
    guard let settings = accuracy.supernet else { preconditionFailure("the experiment has no supernet") }
    var training = accuracy.training
    training.seed = experiment.seed(for: .supernet)
    let (space, input) = (experiment.space, experiment.dataset.input)
    let policies = space.roomiestPolicies
    let devices = experiment.devices
    return try prepare(
      space: space, input: input, trainingSet: trainingSet, splitSeed: experiment.seed(for: .split),
      configuration: SupernetConfiguration(
        trainImages: accuracy.trainImages, validationImages: accuracy.validationImages,
        recalibrationImages: settings.recalibrationImages, refitsClassifier: settings.refitsClassifier,
        training: training, sampling: settings.sampling,
        distillation: settings.distillation, phases: settings.phases),
      folder: checkpointFolder?.appending(path: "supernet"),
      isAdmitted: { fits($0, in: space, input: input, policies: policies, devices: devices) },
      progress: progress)
  }

  /// Whether the lower bound of a network's peak lets it into a device under some policy.
  private static func fits(
    _ architecture: Architecture, in space: SearchSpace, input: InputSpecification,
    policies: [SchedulingPolicy], devices: [DeviceProfile]
  ) -> Bool {
    guard let graph = try? space.trainingGraph(for: architecture, input: input) else { return false }
    for threads in Set(devices.map(\.threads)).sorted() {
      let limit = devices.filter { $0.threads == threads }.map(\.arenaLimitBytes).max() ?? 0
      for policy in policies {
        let bounded = try? NetworkPlanner.bound(training: graph, policy: policy, threads: threads)
        if let bounded, bounded.trivialBound.bytes <= limit { return true }
      }
    }
    return false
  }
}

extension SearchSpace {
  /// The policies among which is, for every network, the one with the lowest bound on memory: the scheduler has no
  /// influence on the bound, and row tile `fit` has the smallest workspaces.
  fileprivate var roomiestPolicies: [SchedulingPolicy] {
    func values(_ name: String) -> [String] {
      policyDecisions.first { $0.name == name }?.values ?? []
    }
    let tiles = values("rowTile").compactMap(RowTile.init(text:))
    let layouts = values("layout").compactMap(TensorLayout.init(rawValue:))
    return values("fusion").compactMap(FusionLevel.init(rawValue:)).reversed().flatMap { fusion in
      (tiles.contains(.fit) ? [.fit] : tiles).flatMap { tile in
        (layouts.isEmpty ? [.nchw] : layouts).map { layout in
          SchedulingPolicy(
            fusion: fusion, scheduler: values("scheduler")[0], rowTile: tile, layout: layout)
        }
      }
    }
  }
}
