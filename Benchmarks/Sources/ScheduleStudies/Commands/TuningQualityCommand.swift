import ArgumentParser
import BenchmarkSupport
import Foundation
import Foundations
import ScheduleTuning

/// `schedule-tuning tuning-quality`.
struct TuningQualityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tuning-quality",
    abstract: "Tunes convolutions one by one and compares the result with exhaustive measurement.")

  @Option(help: "Where to write README.md and tuning-quality.csv.") var output = "Results/schedule-tuning"
  @Option(help: "How many convolutions.") var workloads = 26
  @Option(help: "Threads.") var threads = 1

  func validate() throws {
    if workloads < 2 || threads < 1 { throw ValidationError("--workloads must be at least 2, --threads 1") }
  }

  func run() throws {
    let rows = try TuningQuality(threads: threads).rows(StudyWorkloads.all(count: workloads))
    let folder = URL(fileURLWithPath: output)
    try AtomicFile.createFolder(folder)
    var csv = CSV([
      "workload", "schedules", "failures", "best_kernel", "best_ms", "fixed_ratio", "cold_ratio",
      "cold_seconds",
      "cold_trials", "warm_ratio", "warm_seconds", "warm_trials", "held_out_rho", "model_top8_ratio",
    ])
    for row in rows {
      csv.append([
        row.workload.replacing(",", with: ";"), "\(row.spaceSize)", "\(row.failures)", row.bestKernel,
        millisecondsText(row.bestMilliseconds), decimal(row.heuristicRatio), decimal(row.cold.ratio),
        decimal(row.cold.seconds), "\(row.cold.trials)", decimal(row.warm.ratio), decimal(row.warm.seconds),
        "\(row.warm.trials)", row.rho.map { decimal($0) } ?? "", decimal(row.topRatio),
      ])
    }
    try csv.write(to: folder.appendingPathComponent("tuning-quality.csv"))
    try ScheduleTuningPage.page.write(ScheduleTuningPage.quality, text(rows), in: folder)
    Progress.note("wrote \(output)/README.md")
  }

  private func text(_ rows: [TuningQuality.Row]) -> String {
    var table = MarkdownTable(
      text: ["best / best known"],
      numbers: ["geometric mean", "largest", "within 5 %", "median s", "largest s", "median trials"])
    for (name, run) in [
      ("tuner, nothing known before", \TuningQuality.Row.cold),
      ("tuner, model trained on the others", \.warm),
    ] {
      let runs = rows.map { $0[keyPath: run] }
      let seconds = Spread(runs.map(\.seconds))
      table.append([
        name, decimal(geometricMean(runs.map(\.ratio))), decimal(runs.map(\.ratio).max() ?? 0),
        "\(runs.count { $0.ratio <= 1.05 }) of \(runs.count)", decimal(seconds?.median ?? 0, 2),
        decimal(seconds?.maximum ?? 0, 2), decimal(Spread(runs.map { Double($0.trials) })?.median ?? 0, 0),
      ])
    }
    for (name, ratio) in [
      ("fixed choices, all measured", \TuningQuality.Row.heuristicRatio),
      ("model alone, best of its 8 best", \.topRatio),
    ] {
      let ratios = rows.map { $0[keyPath: ratio] }
      table.append([
        name, decimal(geometricMean(ratios)), decimal(ratios.max() ?? 0),
        "\(ratios.count { $0 <= 1.05 }) of \(ratios.count)", "", "", "",
      ])
    }
    let rhos = rows.compactMap(\.rho)
    let sizes = Spread(rows.map { Double($0.spaceSize) })
    return """
      ## Tuning one workload

      \(rows.count) convolutions, \(threads) thread\(threads == 1 ? "" : "s"). Every schedule of each space was measured (\(decimal(sizes?.minimum ?? 0, 0)) to \
      \(decimal(sizes?.maximum ?? 0, 0)) schedules, \(rows.reduce(0) { $0 + $1.failures }) failures); then each was tuned as if nothing were known of it. \
      The bests of both, and the model's, were measured once more in turns: the ratio is that of a best to the fastest of all of these.

      \(table.text)

      Predictions for convolutions that the model has not seen: Spearman's ρ of the schedules of each, mean \
      \(decimal(rhos.reduce(0, +) / Double(max(1, rhos.count)), 2)), median \(decimal(Spread(rhos)?.median ?? 0, 2)), least \
      \(decimal(rhos.min() ?? 0, 2)) (\(rhos.count) convolutions with at least 8 schedules). `tuning-quality.csv` has every row.

      Measured on \(Machine.current.text); \(TargetFingerprint.current(threads: threads).blas).
      """
  }
}
