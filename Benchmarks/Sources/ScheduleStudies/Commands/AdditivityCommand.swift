import ArgumentParser
import BenchmarkSupport
import Foundation
import Foundations
import ScheduleTuning

/// `schedule-tuning additivity`.
struct AdditivityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "additivity",
    abstract: "Compares the latency of sampled networks with the sum of their operators.")

  @Option(help: "Where to write README.md, additivity.csv and the figures.")
  var output = "Results/schedule-tuning"
  @Option(help: "The search space.") var space = "SearchSpaces/nasbench201.yaml"
  @Option(help: "How many networks.") var networks = 80
  @Option(help: "Kernel schedules tried for each operator.") var trials = 64
  @Option(help: "Numbers of threads, separated by commas.") var threads = "1,2"
  @Option(help: "The seed of the sample.") var seed: UInt64 = 1

  func validate() throws {
    if networks < 10 || trials < 1 { throw ValidationError("--networks must be at least 10, --trials 1") }
    _ = try threadCounts()
  }

  func run() throws {
    let sample = try StudyNetworks(file: space, count: networks, seed: seed)
    let studies = try threadCounts().map { try Additivity(sample, threads: $0, trials: trials) }
    let folder = URL(fileURLWithPath: output)
    try AtomicFile.createFolder(folder)
    var csv = CSV([
      "network", "threads", "operators", "arena_bytes", "weight_bytes", "sum_ms", "corrected_ms",
      "measured_ms",
    ])
    for study in studies {
      for row in study.rows {
        csv.append([
          row.label.replacing(",", with: ";"), "\(study.threads)", "\(row.estimate.operatorCount)",
          "\(row.estimate.arenaBytes)", "\(row.estimate.weightBytes)",
          millisecondsText(row.estimate.sumMilliseconds), millisecondsText(row.correctedMilliseconds),
          millisecondsText(row.measuredMilliseconds),
        ])
      }
      let file = "additivity-threads-\(study.threads).svg"
      try AtomicFile.write(chart(study).svg(), to: folder.appendingPathComponent(file))
    }
    try csv.write(to: folder.appendingPathComponent("additivity.csv"))
    try ScheduleTuningPage.page.write(ScheduleTuningPage.additivity, text(studies), in: folder)
    Progress.note("wrote \(output)/README.md")
  }

  private func threadCounts() throws -> [Int] {
    try threads.split(separator: ",").map { text in
      guard let count = Int(text), count > 0 else {
        throw ValidationError("--threads: '\(text)' is no positive number")
      }
      return count
    }
  }

  private func chart(_ study: Additivity) -> ScatterChart {
    let most = study.rows.map(\.measuredMilliseconds).max() ?? 1
    return ScatterChart(
      title:
        "Networks against the sum of their operators, \(study.threads) thread\(study.threads == 1 ? "" : "s")",
      xTitle: "measured, ms", yTitle: "predicted, ms",
      series: [
        .init(
          name: "sum", points: study.rows.map { ($0.measuredMilliseconds, $0.estimate.sumMilliseconds) }),
        .init(
          name: "corrected, cross-validated",
          points: study.rows.map { ($0.measuredMilliseconds, $0.correctedMilliseconds) }),
        .init(name: "equal", points: [], line: [(0, 0), (most, most)]),
      ])
  }

  private func text(_ studies: [Additivity]) -> String {
    var table = MarkdownTable(
      text: ["threads", "prediction"],
      numbers: ["Spearman's ρ", "Kendall's τ", "mean error", "largest error", "bias"])
    for study in studies {
      for (name, figures) in [("sum", study.sum), ("corrected, cross-validated", study.corrected)] {
        table.append([
          "\(study.threads)", name, decimal(figures.spearman), decimal(figures.kendall),
          percent(figures.meanError), percent(figures.largestError), percent(figures.bias),
        ])
      }
    }
    let operators = studies.map { "\($0.workloadCount)" }.joined(separator: " and ")
    return """
      ## Networks as the sum of their operators

      \(networks) networks sampled from `\(space)`, planned with the fastest kernels known (row tile `fit`, no memory limit), \(operators)
      different operators tuned by themselves. A network's latency is predicted by the sum of its operators', and by that sum times a
      correction that is learned (ridge regression on the number of operators, their mean latency, arena and weight bytes; in \(Additivity.folds) parts,
      each predicted from the others). Both are compared with the least of 15 samples of the whole network.

      \(table.text)

      \(studies.map { "![](additivity-threads-\($0.threads).svg)" }.joined(separator: "\n\n"))

      Measured on \(Machine.current.text); \(TargetFingerprint.current(threads: 1).blas).
      """
  }
}
