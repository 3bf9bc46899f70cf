import BenchmarkSupport
import MemoryPlanning

/// Ahn et al., MLSys 2020, beside ours.
struct SERENITYComparison {
  let results: ResultSet

  /// Heading, table and remarks.
  var paragraphs: [String] {
    [
      "### SERENITY (Ahn et al., MLSys 2020, arXiv:2003.02369)", means,
      """
      Geometric means of the baseline's peak over the scheduled one, in-place. The paper reports 1.68 for its dynamic programming
      and 1.86 with rewriting, against TensorFlow Lite with its allocator, on nine cells of DARTS, SwiftNet and RandWire; its peaks
      per cell are known to us only *(recalled)*: TensorFlow Lite over dynamic programming 1.83 for its DARTS cell, 1.25 to 1.69 for
      its RandWire cells; rewriting lowers the DARTS cell by another 17 % and no RandWire cell.
      """, rewriting,
      """
      Not reproduced: the baseline, because the order in which TensorFlow Lite's converter lists operators, and its allocator, are
      not part of an ONNX file (here: the order of the file, which for generated networks is that of their construction, Kahn's
      order, from which SERENITY's budgets start, and reverse post-order); SwiftNet, whose genotype is not available to us; the
      sizes of its RandWire cells. The ratios are therefore of the same kind but not of the same things.
      """,
    ]
  }

  /// What partitioning adds on top of the best order.
  private var rewriting: String {
    let rows = results.rewritings.filter { $0.methods == .partitioning }
    let sets = [("the single cells", rows.filter { $0.origin == .cell }), ("all networks", rows)]
    let texts = sets.compactMap { label, rows in
      rows.isEmpty ? nil : "\(timesText(geometricMean(rows.map(\.factor)))) on \(label)"
    }
    if texts.isEmpty { return "Rewriting was not measured." }
    return
      "Partitioning divides the optimum by another \(texts.joined(separator: ", ")), geometric means; the "
      + "paper's two figures are 1.11 apart."
  }

  private var means: String {
    let sets = [
      ("DARTS and RandWire cells", darts(results.problems([.cell], [.inPlace]))),
      ("all single cells", results.problems([.cell], [.inPlace])),
      ("generated networks", results.problems([.generated], [.inPlace])),
      ("public graphs and HMCOS's", results.problems([.publicGraph, .hmcos], [.inPlace])),
    ]
    let names: [SchedulerName] = [.serenity, .exact]
    let baselines: [SchedulerName] = [.file, .kahn, .rpo]
    var table = MarkdownTable(
      text: ["networks"],
      numbers: ["count"] + names.flatMap { name in baselines.map { "\($0.rawValue) / \(name.rawValue)" } })
    for (label, problems) in sets where !problems.isEmpty {
      let ratios = SchedulerRatios(problems: problems)
      table.append(
        [label, "\(problems.count)"]
          + names.flatMap { name in
            baselines.map { ratios.meanPeakRatio(of: $0, to: name).map(ratioText) ?? "–" }
          })
    }
    return table.text
  }

  private func darts(_ problems: [ResultSet.Problem]) -> [ResultSet.Problem] {
    problems.filter { $0.network.hasPrefix("darts") || $0.network.hasPrefix("randwire") }
  }
}
