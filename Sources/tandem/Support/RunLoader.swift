import CoSearch
import ExperimentStore
import Foundation
import Foundations
import MemoryPlanning
import Reporting

/// Reads a run directory for status, report and export; works while a search is writing to it.
struct RunLoader {
  let directory: RunDirectory

  init(_ directory: RunDirectory) { self.directory = directory }

  /// Everything that status and report say.
  func content() throws -> RunContent {
    try directory.requireRun()
    let experiment = try directory.experiment()
    let store = try directory.openStoreForReading()
    let trials = try store.trials()
    let summary = SearchSummary(
      trials: trials, devices: experiment.devices.map(\.name), objectives: experiment.objectives)
    var plans: [String: ArenaPlan] = [:]
    for device in experiment.devices {
      let file = directory.bestFolder(device: device.name).appendingPathComponent("memory-plan.json")
      guard FileManager.default.fileExists(atPath: file.path) else { continue }
      plans[device.name] = try JSONFile.decode(
        ArenaPlan.self, from: AtomicFile.read(file), source: file.relativePath)
    }
    return RunContent(
      name: directory.url.lastPathComponent, experiment: experiment.name, trials: trials,
      trialBudget: experiment.trials, devices: experiment.devices, front: Set(summary.front),
      winners: summary.winners,
      finalResults: Dictionary(try store.finalResults().map { ($0.trialID, $0) }, uniquingKeysWith: { $1 }),
      plans: plans,
      labels: Dictionary(
        uniqueKeysWithValues: trials.map { ($0.id, experiment.space.fullLabel($0.candidate.architecture)) }),
      configuration: String(decoding: try AtomicFile.read(directory.experimentFile), as: UTF8.self),
      environment: String(decoding: try AtomicFile.read(directory.environmentFile), as: UTF8.self))
  }
}
