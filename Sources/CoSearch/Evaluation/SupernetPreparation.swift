import AccuracyEstimation
import ComputationGraph
import Devices
import Foundation
import ScheduleTuning
import SearchSpaces
import Training

extension Experiment {
  /// The estimator of an experiment whose accuracies come from a supernet: trained, continued or read.
  ///
  /// Networks that no device of the experiment can hold under any policy, in memory or in flash, are not trained. Where that is all networks, the
  /// estimator is unavailable, and nothing will ask it.
  ///
  /// - Parameters:
  ///   - trainingSet: the published training part of the experiment's data set.
  ///   - checkpointFolder: the run's folder for weights, in which the supernet gets a folder; nil to keep nothing.
  ///   - progress: called after every step of the training.
  /// - Precondition: the experiment's estimator is the supernet.
  func supernetEstimator(
    trainingSet: ImageDataset?, checkpointFolder: URL?, progress: (PreparationProgress) -> Void
  ) throws(SearchError) -> any AccuracyEstimator {
    guard let settings = accuracy.supernet else { preconditionFailure("the experiment has no supernet") }
    guard let trainingSet else { throw .configuration(reason: "the estimator needs the training images") }
    var training = accuracy.training
    training.seed = seed(for: .supernet)
    let (space, input, devices) = (space, dataset.input, devices)
    let policies = space.roomiestPolicies
    do throws(EstimationError) {
      return try withoutActuallyEscaping(progress) { progress throws(EstimationError) in
        try SupernetEstimator.prepare(
          space: space, input: input, trainingSet: trainingSet, splitSeed: seed(for: .split),
          configuration: SupernetConfiguration(
            trainImages: accuracy.trainImages, validationImages: accuracy.validationImages,
            recalibrationImages: settings.recalibrationImages, refitsClassifier: settings.refitsClassifier,
            training: training, sampling: settings.sampling,
            operationEmphasis: settings.operationEmphasis, distillation: settings.distillation,
            phases: settings.phases),
          folder: checkpointFolder?.appending(path: "supernet"),
          isAdmitted: { Self.fits($0, in: space, input: input, policies: policies, devices: devices) },
          progress: { progress(PreparationProgress($0)) })
      }
    } catch {
      if case .training(.noNetwork(let reason)) = error {
        return UnavailableEstimator(name: accuracy.estimator.rawValue, reason: reason)
      }
      throw SearchError(error)
    }
  }

  /// Whether lower bounds on a network's peak and on what its weights take let it into a device under some policy.
  private static func fits(
    _ architecture: Architecture, in space: SearchSpace, input: InputSpecification,
    policies: [SchedulingPolicy], devices: [DeviceProfile]
  ) -> Bool {
    guard let graph = try? space.trainingGraph(for: architecture, input: input) else { return false }
    return Set(devices.map(\.threads)).sorted().contains { threads in
      policies.contains { policy in
        guard let bounded = try? NetworkPlanner.bound(training: graph, policy: policy, threads: threads)
        else { return false }
        // Kernels store weights as they are, or in more bytes.
        return devices.contains {
          $0.threads == threads && bounded.trivialBound.bytes <= $0.arenaLimitBytes
            && bounded.graph.weightBytes <= $0.flashBytes ?? .max
        }
      }
    }
  }
}

extension PreparationProgress {
  /// How far a supernet is; what it came to is noted at the end.
  fileprivate init(_ supernet: SupernetProgress) {
    self.init(
      task: "supernet", done: supernet.step, total: supernet.steps,
      note: supernet.step < supernet.steps
        ? nil
        : "\(supernet.subnets) networks trained for a batch each, \(supernet.refused) refused; "
          + "\(supernet.parameters) shared weights")
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
