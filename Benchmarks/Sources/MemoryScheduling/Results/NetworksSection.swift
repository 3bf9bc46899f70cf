import BenchmarkSupport
import MemoryPlanning
import Reporting

/// All schedulers compared, and the networks one by one.
struct NetworksSection {
  let results: ResultSet

  /// Headings, figures and tables.
  var paragraphs: [String] {
    var paragraphs = [
      "## The schedulers", schedulers,
      """
      All \(results.problems().count) pairs of network and memory model (fewer where a scheduler has no
      order to give). **Above the lowest**: the peak over the lowest that any
      scheduler found for the pair, geometric mean and worst. **Proved**: how often the scheduler itself shows that no order is
      better. Times are each pair's median run.
      """,
      "![Peaks relative to the lowest peak known](peaks.svg)",
      "![Scheduling times on a logarithmic axis](times.svg)",
      "![Arena relative to the live peak](arenas.svg)",
    ]
    if !results.large.isEmpty { paragraphs += ["### 10,000 operators", large, largeNote] }
    paragraphs += ["## The networks", legend]
    for (origin, heading) in [
      (BenchmarkNetwork.Origin.publicGraph, "Public graphs"), (.hmcos, "HMCOS's benchmark"),
      (.generated, "Generated from published cells"), (.cell, "Single cells"),
    ] {
      let problems = results.problems([origin], [.inPlace])
      if !problems.isEmpty { paragraphs += ["### \(heading)", networks(problems)] }
    }
    return paragraphs
  }

  private var schedulers: String {
    var table = MarkdownTable(
      text: ["scheduler"],
      numbers: ["lowest", "above the lowest", "worst", "proved", "median time", "longest time"])
    let problems = results.problems()
    for name in results.schedulers {
      let ratios = problems.compactMap { $0.ratio(name) }
      let rows = problems.compactMap { $0.rows[name] }.filter { $0.outcome != nil }
      guard let spread = Spread(ratios), let times = Spread(rows.map(\.time.median)) else {
        table.append([name.rawValue] + [String](repeating: "–", count: 6))
        continue
      }
      table.append([
        name.rawValue, "\(ratios.count { $0 == 1 }) of \(ratios.count)", excessText(geometricMean(ratios)),
        excessText(spread.maximum), "\(rows.count { $0.outcome!.isProved })", durationText(times.median),
        durationText(times.maximum),
      ])
    }
    return table.text
  }

  private var large: String {
    var table = MarkdownTable(
      text: ["network", "scheduler"], numbers: ["operators", "peak", "bound", "time", "process memory"])
    for row in results.large {
      table.append([
        row.network, row.scheduler.rawValue, NumberFormat.grouped(row.operators),
        NumberFormat.grouped(row.peakBytes), NumberFormat.grouped(row.boundBytes), durationText(row.seconds),
        "\(row.processBytes >> 20) MiB",
      ])
    }
    return table.text
  }

  private let largeNote = """
    One run each, at most \(Int(LargeNetworkMeasurement.timeLimitSeconds)) s. The memory is the most that the whole process had
    by then, `exact` first; sizes in bytes.
    """

  private let legend = """
    In-place model, peaks in bytes. **Lowest** is the lowest peak found by any scheduler; a scheduler's column says how much more
    its order needs (=: as much). **Proof** is that of `exact`: a bound that is met, or how often the bound was raised and how
    many states were expanded for it. **Saved**: by `exact`, against the file's order and reverse post-order. **Arena**: over the
    peak, of `exact`'s order, without alignment and with offsets that are multiples of 64 bytes. **Time**: `exact`, median. The
    same without in-place reuse and in HMCOS's memory model is in `results.csv`.
    """

  private func networks(_ problems: [ResultSet.Problem]) -> String {
    let others = results.schedulers.filter { $0 != .exact }
    var table = MarkdownTable(
      text: ["network"],
      numbers: ["operators", "lowest"] + others.map(\.rawValue)
        + ["exact", "proof", "saved (file)", "saved (rpo)", "arena", "arena, 64", "time"])
    for problem in problems {
      let exact = problem.rows[.exact]
      var cells = [
        problem.network, "\(problem.operators)", NumberFormat.grouped(problem.bestBytes),
      ]
      cells += (others + [.exact]).map { excessText(problem.ratio($0)) }
      cells.append(proof(exact?.outcome))
      cells += [SchedulerName.file, .rpo].map { baseline in
        problem.saving(of: .exact, against: baseline).map(percentText) ?? "–"
      }
      cells += [
        exact?.outcome.map { ratioText($0.arenaRatio) } ?? "–",
        exact?.outcome.map { ratioText($0.alignedArenaRatio) } ?? "–",
        exact.map { durationText($0.time.median) } ?? "–",
      ]
      table.append(cells)
    }
    return table.text
  }

  private func proof(_ outcome: Measurement.Outcome?) -> String {
    guard let outcome, let certificate = outcome.certificate else { return "–" }
    if !outcome.isProved {
      return "\(percentText(1 - Double(outcome.boundBytes) / Double(outcome.peakBytes))) open"
    }
    let states = "\(NumberFormat.grouped(certificate.expandedStates)) states"
    return certificate.meetsInitialBound
      ? "bound met" + (certificate.expandedStates > 0 ? ", \(states)" : "")
      : "raised \(certificate.raises.count)×, \(states)"
  }
}
