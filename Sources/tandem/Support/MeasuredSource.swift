import CoSearch
import ComputationGraph
import Deployment
import Devices
import ExperimentStore
import Foundation
import Foundations
import Kernels
import ONNXInterchange
import ScheduleTuning
import SearchSpaces
import Training

/// What `tandem measure` runs: the network of an ONNX model, or of the best bundle of a run.
struct MeasuredSource {
  /// The network in training form.
  let graph: Graph
  /// The weights that there are.
  private let known: WeightValues
  /// How many weights are missing.
  let missingWeightCount: Int
  /// What to say if they are needed.
  private let missing: (any Error)?
  /// The schedule of the bundle; nil for a model.
  let schedule: BundleSchedule?
  /// The file of the schedule, for errors.
  let scheduleFile: String?
  /// The device of the bundle; nil for a model.
  let device: DeviceProfile?

  /// Reads an ONNX model.
  init(model: String) throws {
    let executable = try ONNXModel.load(from: URL(typed: model)).executable()
    graph = executable.graph
    missingWeightCount = executable.missingWeights.count
    known = executable.weights(completedBy: WeightValues())
    do throws(ONNXError) {
      _ = try executable.storedWeights()
      missing = nil
    } catch {
      missing = error
    }
    (schedule, scheduleFile, device) = (nil, nil, nil)
  }

  /// Reads the bundle of a device's winner in a run.
  init(run: String, device name: String?) throws {
    let directory = RunDirectory(at: URL(typed: run))
    try directory.requireRun()
    let experiment = try directory.experiment()
    let device = try Self.choose(name, of: experiment, in: directory)
    let folder = directory.bestFolder(device: device.name)
    let file = folder.appending(path: BundleFile.schedule)
    let schedule = try JSONFile.decode(
      BundleSchedule.self, from: AtomicFile.read(file), source: file.relativePath)
    let architecture = try ArchitectureFile.read(
      folder.appending(path: BundleFile.architecture), in: experiment.space)
    graph = try experiment.space.trainingGraph(for: architecture, input: experiment.dataset.input)
    let weights = try Self.weights(of: architecture, in: directory)
    known = weights ?? WeightValues()
    missingWeightCount = weights == nil ? graph.weights.count : 0
    missing =
      weights == nil
      ? ExitStatus.badInput(
        "\(run): the weights of the winner of \(device.name) are gone; --random-weights runs the network without them"
      )
      : nil
    self.schedule = schedule
    scheduleFile = file.relativePath
    self.device = device
  }

  /// The weights, as far as there are any.
  ///
  /// - Throws: an error that names what is missing.
  func weights() throws -> WeightValues {
    if let missing { throw missing }
    return known
  }

  /// The weights, those that are missing taken from `other`.
  func weights(completedBy other: WeightValues) -> WeightValues {
    var result = known
    for id in graph.weights where result[graph[id].name] == nil {
      result[graph[id].name] = other[graph[id].name]
    }
    return result
  }

  /// The device that was named, or the only one that has a bundle.
  private static func choose(
    _ name: String?, of experiment: Experiment, in directory: RunDirectory
  ) throws -> DeviceProfile {
    let run = directory.url.relativePath
    let ready = experiment.devices.filter {
      FileManager.default.fileExists(atPath: directory.bestFolder(device: $0.name).path)
    }
    if let name {
      guard let device = experiment.devices.first(where: { $0.name == name }) else {
        let known = experiment.devices.map(\.name).joined(separator: ", ")
        throw ExitStatus.badInput("--device: \(run) has no device '\(name)'; it has \(known)")
      }
      guard ready.contains(device) else {
        throw ExitStatus.badInput("--device: \(run) has no bundle of '\(name)'")
      }
      return device
    }
    guard let first = ready.first else {
      throw ExitStatus.badInput("\(run) has no bundle: the search has not ended, or nothing fits its devices")
    }
    guard ready.count == 1 else {
      throw ExitStatus.badInput(
        "\(run) has several bundles: choose one with --device "
          + ready.map(\.name).joined(separator: " or "))
    }
    return first
  }

  /// The weights of an architecture's final training; nil if it has none, or they were deleted.
  private static func weights(of architecture: Architecture, in directory: RunDirectory) throws
    -> WeightValues?
  {
    let results = try directory.openStoreForReading().finalResults()
    guard let file = results.first(where: { $0.architectureKey == architecture.key })?.weightsFile else {
      return nil
    }
    let url = directory.url.appending(path: file)
    return FileManager.default.fileExists(atPath: url.path) ? try WeightsFile.read(url) : nil
  }
}
