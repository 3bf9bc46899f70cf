import CoSearch
import ExperimentStore
import Foundation
import Reporting
import SearchSpaces

/// What `tandem train` is to train: an architecture of a run, or of a file with an experiment beside it.
struct TrainingSubject {
  let experiment: Experiment
  let architecture: Architecture
  /// The trial of the run that it comes from.
  let trial: Int?

  /// Finds the architecture.
  ///
  /// - Throws: ``ExitStatus`` for options that do not go together, and what reading the files throws.
  init(source: String, trial: Int?, device: String?, experiment: String?) throws {
    let url = URL(typed: source)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw ExitStatus.badInput("\(source): no such file or folder")
    }
    let run = RunDirectory(at: url)
    if isFolder.boolValue, FileManager.default.fileExists(atPath: run.experimentFile.path) {
      if experiment != nil {
        throw ExitStatus.badInput(
          "--experiment is for architectures that are not in a run; \(source) is a run")
      }
      self.experiment = try run.experiment()
      let content = try RunLoader(run).content()
      let id = try Self.selection(content, trial: trial, device: device)
      architecture = content.trials[id].candidate.architecture
      self.trial = id
      return
    }
    let file = isFolder.boolValue ? url.appendingPathComponent("architecture.json") : url
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw ExitStatus.badInput("\(source) is neither a run directory nor has it an architecture.json")
    }
    if trial != nil || device != nil {
      throw ExitStatus.badInput("--trial and --device are for run directories; \(source) is none")
    }
    guard let experiment else {
      throw ExitStatus.badInput("\(source) needs --experiment, which says how and on what to train")
    }
    self.experiment = try Experiment.load(from: URL(typed: experiment))
    architecture = try ArchitectureFile.read(file, in: self.experiment.space)
    self.trial = nil
  }

  private static func selection(_ content: RunContent, trial: Int?, device: String?) throws -> Int {
    if let device, !content.devices.contains(where: { $0.name == device }) {
      let known = content.devices.map(\.name).joined(separator: ", ")
      throw ExitStatus.badInput("the run has no device '\(device)'; it has \(known)")
    }
    if let trial {
      guard content.trials.indices.contains(trial) else {
        throw ExitStatus.badInput("the run has no trial \(trial)")
      }
      return trial
    }
    let names = device.map { [$0] } ?? content.devices.map(\.name)
    let winners = names.filter { content.winners[$0] != nil }
    guard let first = winners.first, let winner = content.winners[first] else {
      throw ExitStatus.infeasible(of: names)
    }
    if let other = winners.first(where: { content.winners[$0] != winner }) {
      throw ExitStatus.badInput(
        "the winners differ (\(first): trial \(winner), \(other): trial \(content.winners[other]!)): choose one "
          + "with --device or --trial")
    }
    return winner
  }
}
