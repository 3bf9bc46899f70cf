import CoSearch
import ExperimentStore
import Foundation
import Reporting
import Training

/// Follows a search: the progress line on the terminal, the events in the log.
final class SearchObserver {
  private let log: RunLog
  private let devices: [String]
  private let isQuiet: Bool
  private var line: ProgressDisplay

  init(log: RunLog, devices: [String], isQuiet: Bool) {
    self.log = log
    self.devices = devices
    self.isQuiet = isQuiet
    line = ProgressDisplay(isEnabled: !isQuiet)
  }

  /// Shows and logs one event.
  func observe(_ event: SearchEvent) {
    switch event {
    case .started(let progress):
      write(
        "started", ["finishedTrials": "\(progress.finishedTrials)", "totalTrials": "\(progress.totalTrials)"])
      show(progress)
    case .trialFinished(let trial, let progress):
      write("trialFinished", Self.fields(of: trial))
      show(progress)
    case .trialRejudged(let trial): write("trialRejudged", Self.fields(of: trial))
    case .spaceExhausted(let progress):
      write("spaceExhausted", ["finishedTrials": "\(progress.finishedTrials)"])
      note("no candidate is left in the space after \(progress.finishedTrials) trials")
    case .finalTrainingStarted(let trialID, let devices):
      write("finalTrainingStarted", ["trial": "\(trialID)", "devices": devices.joined(separator: ",")])
      let role = devices.isEmpty ? "" : ", the winner of \(devices.joined(separator: " and "))"
      note("training trial \(trialID) from scratch\(role)")
      line = ProgressDisplay(isEnabled: !isQuiet)
    case .finalTrainingProgress(let trialID, let progress):
      line.update(
        done: progress.step, total: progress.steps, unit: "steps",
        notes: [
          "trial \(trialID): loss \(String(format: "%.3f", progress.loss)), "
            + "\(Int(progress.imagesPerSecond.rounded())) images/s"
        ])
    case .finalTrainingFinished(let result):
      write(
        "finalTrainingFinished",
        [
          "trial": "\(result.trialID)", "testAccuracy": "\(result.testAccuracy)",
          "seconds": "\(result.seconds)",
        ])
      note(
        "trial \(result.trialID): test accuracy \(NumberFormat.percent(result.testAccuracy)) after "
          + "\(NumberFormat.duration(seconds: result.seconds))")
    }
  }

  /// Shows the preparation of an estimator; what it comes to is logged.
  func observe(_ progress: PreparationProgress) {
    line.update(done: progress.done, total: progress.total, unit: "steps", notes: [progress.task])
    guard let message = progress.note else { return }
    write("prepared", ["task": progress.task, "note": message])
    note("\(progress.task): \(message)")
    line = ProgressDisplay(isEnabled: !isQuiet)
  }

  /// Removes the progress line.
  func finish() { line.clear() }

  private func show(_ progress: SearchProgress) {
    let best = devices.compactMap { device in
      progress.best[device].map {
        "\(device) \(NumberFormat.estimate(accuracy: $0.accuracy, merit: $0.merit))"
      }
    }
    let rejections = progress.rejectionsByReason.sorted { $0.key.rawValue < $1.key.rawValue }
      .map { "\($0.key.rawValue) \($0.value)" }
    var counts = rejections.isEmpty ? "" : "rejected: " + rejections.joined(separator: ", ")
    if progress.failedTrials > 0 { counts += " · failed \(progress.failedTrials)" }
    line.update(
      done: progress.finishedTrials, total: progress.totalTrials, unit: "trials",
      notes: [best.isEmpty ? "" : "best: " + best.joined(separator: ", "), counts])
  }

  private func note(_ message: String) {
    line.clear()
    if !isQuiet { Console.note(message) }
  }

  /// The log is a convenience beside the store: a full disk shows itself there first, and stops the search there.
  private func write(_ event: String, _ fields: [String: String]) { try? log.append(event, fields) }

  private static func fields(of trial: Trial) -> [String: String] {
    var fields = [
      "trial": "\(trial.id)", "outcome": trial.outcome.kind.rawValue, "seconds": "\(trial.seconds)",
    ]
    if let measurement = trial.measurement {
      if let accuracy = measurement.validation.accuracy { fields["validationAccuracy"] = "\(accuracy)" }
      if let score = measurement.validation.score { fields["validationScore"] = "\(score)" }
    }
    for (device, rejection) in trial.rejections { fields["rejectedBy.\(device)"] = rejection.reason.rawValue }
    if case .failed(let failure) = trial.outcome { fields["failure"] = failure.message }
    return fields
  }
}
