import ArgumentParser
import CoSearch
import ExperimentStore
import Foundation
import Reporting
import ScheduleTuning

/// `tandem status`.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Shows how far a run is, its winners and front, or one trial.",
    discussion: """
      EXAMPLE
        tandem status runs/first
        tandem status runs/first --trial 12
      """)

  @Argument(help: "The run directory.", completion: .directory)
  var runDirectory: String
  @Flag(help: "Keep watching while the search runs.") var follow = false
  @Option(help: "Everything about one trial.") var trial: Int?
  @OptionGroup var format: FormatOption

  func validate() throws {
    if follow, trial != nil { throw ValidationError("--follow and --trial do not go together") }
  }

  func run() throws {
    let loader = RunLoader(RunDirectory(at: URL(typed: runDirectory)))
    if let trial { return try show(trial: trial, loader) }
    var content = try loader.content()
    if follow {
      Interruption.install()
      var line = ProgressDisplay(isEnabled: true)
      while loader.directory.isActive, !Interruption.isRequested {
        let best = RunStatus(content).devices.compactMap { device in
          device.winner.map {
            let merit = $0.validationScore ?? $0.validationAccuracy ?? 0
            return "\(device.name) \(NumberFormat.estimate(accuracy: $0.validationAccuracy, merit: merit))"
          }
        }
        let isTraining = content.trials.count == content.trialBudget
        line.update(
          done: content.trials.count, total: content.trialBudget, unit: "trials",
          notes: [
            best.isEmpty ? "" : "best: " + best.joined(separator: ", "),
            isTraining ? "training the winners" : "",
          ])
        Thread.sleep(forTimeInterval: 1)
        content = try loader.content()
      }
      line.clear()
      if Interruption.isRequested { throw ExitStatus(code: ExitStatus.Code.interrupted, message: nil) }
      content = try loader.content()
    }
    try format.print(RunStatus(content)) { Self.text(content) }
  }

  private static func text(_ content: RunContent) -> String {
    let counts = content.outcomeCounts
    var text =
      "\(content.name): \(content.trials.count) of \(content.trialBudget) trials, \(counts[.measured] ?? 0) measured, "
      + "\(counts[.rejected] ?? 0) rejected, \(counts[.failed] ?? 0) failed\n\n\(RunTables.devices(content, width: Console.width))"
    if !content.frontTrials.isEmpty { text += "\n\n\(RunTables.front(content, width: Console.width))" }
    let isSearched = content.trials.count == content.trialBudget
    if content.winners.isEmpty, !content.trials.isEmpty {
      text += "\n\nno candidate fits any device" + (isSearched ? "" : " so far")
    } else if isSearched,
      content.winners.values.contains(where: { content.finalResult(of: content.trials[$0]) == nil })
    {
      text += "\n\nthe winners are not trained to the end yet"
    }
    return text
  }

  private func show(trial id: Int, _ loader: RunLoader) throws {
    let experiment = try loader.directory.experiment()
    guard let trial = try loader.directory.openStoreForReading().trial(id) else {
      throw ExitStatus.badInput("\(runDirectory) has no trial \(id)")
    }
    var arenas: [String: Int] = [:]
    var weights: Int?
    if let graph = try? experiment.space.trainingGraph(
      for: trial.candidate.architecture, input: experiment.dataset.input)
    {
      for device in experiment.devices {
        let bounded = try NetworkPlanner.bound(
          training: graph, policy: trial.candidate.policy, threads: device.threads)
        weights = bounded.weightBytes
        arenas[device.name] = try NetworkPlanner.plan(bounded, alignment: device.alignment).arena.arenaBytes
      }
    }
    let status = TrialStatus(
      trial: trial, label: experiment.space.fullLabel(trial.candidate.architecture),
      devices: experiment.devices,
      arenaBytes: arenas, weightBytes: weights)
    try format.print(status) { status.text() }
  }
}
