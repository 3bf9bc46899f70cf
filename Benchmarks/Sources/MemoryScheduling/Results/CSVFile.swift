import Foundation
import MemoryPlanning

/// The rows as `results.csv`.
enum CSVFile {
  /// The file's name.
  static let fileName = "results.csv"

  private static let header = [
    "network", "origin", "operators", "memory_model", "scheduler", "peak_bytes", "bound_bytes", "proved",
    "arena_bytes", "arena_bytes_aligned_64", "saving_against_file", "saving_against_rpo", "seconds_min",
    "seconds_median", "seconds_max", "runs", "bound_met_without_search", "bound_raises", "states_expanded",
  ]

  /// The file's text; cells that do not apply are empty.
  static func text(_ results: ResultSet) -> String {
    var lines = [header]
    for problem in results.problems() {
      for name in results.schedulers {
        guard let row = problem.rows[name] else { continue }
        lines.append(cells(row, problem))
      }
    }
    return lines.map { $0.joined(separator: ",") + "\n" }.joined()
  }

  private static func cells(_ row: Measurement, _ problem: ResultSet.Problem) -> [String] {
    var cells = [
      row.network, row.origin.rawValue, "\(row.operators)", row.rules.rawValue, row.scheduler.rawValue,
    ]
    guard let outcome = row.outcome else {
      return cells + [String](repeating: "", count: header.count - cells.count)
    }
    cells += [
      "\(outcome.peakBytes)", "\(outcome.boundBytes)", "\(outcome.isProved)", "\(outcome.arenaBytes)",
      "\(outcome.alignedArenaBytes)",
    ]
    cells += [SchedulerName.file, .rpo].map { share(problem.saving(of: row.scheduler, against: $0)) }
    cells += [row.time.minimum, row.time.median, row.time.maximum].map { String(format: "%.6f", $0) }
    cells.append("\(row.seconds.count)")
    if let certificate = outcome.certificate {
      cells += [
        "\(certificate.meetsInitialBound)", "\(certificate.raises.count)", "\(certificate.expandedStates)",
      ]
    } else {
      cells += ["", "", ""]
    }
    return cells
  }

  private static func share(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "" }
}
