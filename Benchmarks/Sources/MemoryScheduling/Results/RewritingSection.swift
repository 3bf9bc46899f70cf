import BenchmarkSupport
import Foundation
import Reporting

/// What rewriting gains on top of the best order.
struct RewritingSection {
  /// The name of the table's file.
  static let fileName = "rewriting.csv"

  let results: ResultSet

  /// One network rewritten in both ways.
  private struct Pair {
    let partitioned: RewritingMeasurement
    let full: RewritingMeasurement
  }

  private var pairs: [Pair] {
    let full = results.rewritings.filter { $0.methods == .all }
    return zip(results.rewritings.filter { $0.methods == .partitioning }, full).map(Pair.init)
  }

  /// Heading, table and remarks.
  var paragraphs: [String] {
    let gains = pairs.filter { $0.partitioned.factor > 1 || $0.full.factor > 1 }
    guard let times = Spread(results.rewritings.map(\.seconds)) else { return [] }
    return [
      "## Rewriting",
      """
      The optimum falls on \(pairs.count { $0.partitioned.factor > 1 }) of \(pairs.count) networks by partitioning alone (SERENITY's
      rewritings) and on \(pairs.count { $0.full.factor > 1 }) if Concats may be elided as well; it takes \(durationText(times.median)) (median), at
      most \(durationText(times.maximum)).
      """,
      table(gains),
      """
      In-place model, bytes; the networks that gain. **Before** and **after** are the peaks of `exact`'s orders of the network as it
      was and as it is rewritten; **sites** are the nodes rewritten. One run each, within the time limit of all runs; all rows are
      in `\(Self.fileName)`.
      """,
    ]
  }

  /// All rows as a file.
  var csv: String {
    let header =
      "network,origin,methods,before_bytes,after_bytes,both_proved,sites,seconds\n"
    return header
      + results.rewritings.map {
        "\($0.network),\($0.origin.rawValue),\($0.methods.rawValue),\($0.beforeBytes),\($0.afterBytes),"
          + "\($0.isProved),\($0.sites),\(String(format: "%.6f", $0.seconds))\n"
      }.joined()
  }

  private func table(_ gains: [Pair]) -> String {
    var table = MarkdownTable(
      text: ["network"],
      numbers: ["before", "partitioned", "saved", "sites", "and elided", "saved", "sites", "proved"])
    for pair in gains {
      let isProved = pair.partitioned.isProved && pair.full.isProved
      table.append(
        [pair.partitioned.network, NumberFormat.grouped(pair.partitioned.beforeBytes)]
          + [pair.partitioned, pair.full].flatMap {
            [NumberFormat.grouped($0.afterBytes), percentText(1 - 1 / $0.factor), "\($0.sites)"]
          } + [isProved ? "all" : "not all"])
    }
    return table.text
  }
}

extension RewritingMeasurement {
  /// How many times more the original needs.
  var factor: Double { afterBytes == 0 ? 1 : Double(beforeBytes) / Double(afterBytes) }
}
