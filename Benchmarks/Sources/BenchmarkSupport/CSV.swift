import Foundation
import Foundations

/// A table as comma-separated values; no cell has a comma.
package struct CSV {
  private var lines: [String]
  private let columns: Int

  /// An empty table.
  package init(_ header: [String]) {
    lines = [header.joined(separator: ",")]
    columns = header.count
  }

  /// Adds a row. - Precondition: one cell a column, none with a comma.
  package mutating func append(_ cells: [String]) {
    precondition(cells.count == columns && cells.allSatisfy { !$0.contains(",") }, "no row: \(cells)")
    lines.append(cells.joined(separator: ","))
  }

  /// Writes the file. - Throws: `FileError`.
  package func write(to file: URL) throws {
    try AtomicFile.write(lines.map { $0 + "\n" }.joined(), to: file)
  }
}

/// A latency for a table.
package func millisecondsText(_ value: Double) -> String { String(format: "%.6f", value) }

/// A number with two or three decimals.
package func decimal(_ value: Double, _ digits: Int = 3) -> String { String(format: "%.\(digits)f", value) }

/// A share as a percentage with one decimal.
package func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }
