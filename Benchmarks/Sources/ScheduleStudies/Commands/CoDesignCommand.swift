import ArgumentParser
import BenchmarkSupport
import Foundation
import Foundations
import ScheduleTuning

/// `schedule-tuning co-design`.
struct CoDesignCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "co-design",
    abstract: "Compares which networks are best under uniform scheduling policies and under the tuned one.")

  @Option(help: "Where to write README.md, the tables and the figures.")
  var output = "Results/co-design-motivation"
  @Option(help: "The search space.") var space = "SearchSpaces/nasbench201.yaml"
  @Option(help: "How many networks.") var networks = 240
  @Option(help: "Kernel schedules tried for each operator.") var trials = 48
  @Option(help: "Threads.") var threads = 1
  @Option(help: "The seed of the sample.") var seed: UInt64 = 2

  func validate() throws {
    if networks < 10 || trials < 1 || threads < 1 {
      throw ValidationError("--networks must be at least 10, --trials and --threads 1")
    }
  }

  func run() throws {
    let study = try CoDesign(
      StudyNetworks(file: space, count: networks, seed: seed), threads: threads, trials: trials)
    let folder = URL(fileURLWithPath: output)
    try AtomicFile.createFolder(folder)
    try networksTable(study).write(to: folder.appendingPathComponent("networks.csv"))
    try limitsTable(study).write(to: folder.appendingPathComponent("limits.csv"))
    let charts = [
      ("front-latency.svg", "latency, ms", { (point: CoDesign.Point) in point.milliseconds }),
      ("front-memory.svg", "arena, KiB", { (point: CoDesign.Point) in Double(point.arenaBytes) / 1024 }),
    ]
    for (file, axis, cost) in charts {
      try AtomicFile.write(chart(study, axis, cost).svg(), to: folder.appendingPathComponent(file))
    }
    try AtomicFile.write(text(study) + "\n", to: folder.appendingPathComponent("README.md"))
    Progress.note("wrote \(output)/README.md")
  }

  private func networksTable(_ study: CoDesign) -> CSV {
    var csv = CSV([
      "network", "macs", "parameters", "score", "policy", "latency_ms", "arena_bytes", "peak_bytes",
    ])
    for (index, entry) in study.networks.entries.enumerated() {
      for (policy, points) in zip(CoDesign.policies, study.points) {
        let point = points[index]
        csv.append([
          entry.label.replacing(",", with: ";"), "\(entry.training.macs)", "\(entry.training.parameterCount)",
          decimal(entry.score, 4), policy.name, millisecondsText(point.milliseconds), "\(point.arenaBytes)",
          "\(point.peakBytes)",
        ])
      }
    }
    return csv
  }

  private func limitsTable(_ study: CoDesign) -> CSV {
    var csv = CSV(["limits", "limit_bytes", "limit_ms", "policy", "best_network", "score"])
    for (kind, cells) in [("common", study.cells), ("relative", study.relativeCells)] {
      for cell in cells {
        for (number, policy) in CoDesign.policies.enumerated() {
          let best = cell.best[number].map { study.networks.entries[$0].label.replacing(",", with: ";") }
          csv.append([
            kind, "\(cell.limits[number].bytes)", millisecondsText(cell.limits[number].milliseconds),
            policy.name, best ?? "", study.score(cell, number).map { decimal($0, 4) } ?? "",
          ])
        }
      }
    }
    return csv
  }

  /// How often two policies have different best networks.
  private func differences(_ cells: [CoDesign.Cell]) -> String {
    let names = CoDesign.policies.map(\.name)
    var table = MarkdownTable(text: ["the best network differs"], numbers: names)
    for a in names.indices {
      table.append(
        [names[a]]
          + names.indices.map { b in
            if a == b { return "" }
            let both = cells.filter { $0.best[a] != nil && $0.best[b] != nil }
            return both.isEmpty
              ? "–" : percent(Double(both.count { $0.best[a] != $0.best[b] }) / Double(both.count))
          })
    }
    return table.text
  }

  private func chart(
    _ study: CoDesign, _ axis: String, _ cost: (CoDesign.Point) -> Double
  ) -> ScatterChart {
    func place(_ point: CoDesign.Point) -> (x: Double, y: Double) {
      (cost(point), study.networks.entries[point.network].score)
    }
    return ScatterChart(
      title: "\(networks) networks under each policy, with the front of each",
      xTitle: axis, yTitle: "log₁₀ parameters + log₁₀ MACs",
      series: CoDesign.policies.indices.map { policy in
        .init(
          name: CoDesign.policies[policy].name, points: study.points[policy].map(place),
          line: study.front(policy, cost).map(place))
      })
  }

  private func text(_ study: CoDesign) -> String {
    let names = CoDesign.policies.map(\.name)
    let tuned = names.count - 1
    var policies = MarkdownTable(
      text: ["policy"],
      numbers: [
        "latency, median", "arena, median", "pairs of limits with a network",
        "pairs where tuned finds a better one",
        "networks on the front of latency", "of these also on tuned's",
      ])
    let tunedFront = Set(study.front(tuned, \.milliseconds).map(\.network))
    for policy in names.indices {
      let points = study.points[policy]
      let better = study.cells.count { cell in
        guard let tunedScore = study.score(cell, tuned) else { return false }
        return study.score(cell, policy).map { $0 < tunedScore } ?? true
      }
      let front = study.front(policy, \.milliseconds).map(\.network)
      policies.append([
        names[policy], decimal(Spread(points.map(\.milliseconds))?.median ?? 0) + " ms",
        ByteCount.describe(Int(Spread(points.map { Double($0.arenaBytes) })?.median ?? 0)),
        "\(study.cells.count { $0.best[policy] != nil }) of \(study.cells.count)",
        policy == tuned ? "" : "\(better)", "\(front.count)", "\(front.count(where: tunedFront.contains))",
      ])
    }
    return """
      # Does the schedule change which network is the best?

          make tuning-results

      writes this page. \(networks) networks were sampled from `\(space)` (images 1×28×28, \(threads) thread\(threads == 1 ? "" : "s")), planned and measured under three
      uniform policies (convolutions by im2col and BLAS; panels of the whole image, of 4 rows, of 1 row) and under the tuned one: each operator
      by the fastest kernel that its tuning records have for the memory there is. Latency is the least of 15 samples of the whole network, memory is the
      arena with workspace.

      **What stands for accuracy.** No network was trained: the score is log₁₀ of the parameters plus log₁₀ of the multiply–accumulates. The
      question here is only whether the order of candidates under limits depends on the schedule, not which accuracy is reached.

      **Limits.** Under a pair of a latency and a memory limit the best network is the one of the highest score within both. There are
      \(study.cells.count) pairs, at the quantiles of what all networks take under all policies. Of the pairs under which two policies both have
      a network, so often they have different ones:

      \(differences(study.cells))

      A fast policy has larger networks under the same limits. When each policy's limits are at the quantiles of what its own networks take, speed
      alone no longer makes a difference, only the order of networks does:

      \(differences(study.relativeCells))

      Under the common limits:

      \(policies.text)

      ![Score against latency](front-latency.svg)

      ![Score against arena](front-memory.svg)

      `networks.csv` has every network under every policy, `limits.csv` the best of each pair of limits.

      Measured on \(Machine.current.text); \(TargetFingerprint.current(threads: threads).blas).
      """
  }
}
