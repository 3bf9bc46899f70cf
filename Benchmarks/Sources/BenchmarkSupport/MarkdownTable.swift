/// A table in a Markdown page.
package struct MarkdownTable {
  private let columns: [(heading: String, isNumber: Bool)]
  private var rows: [[String]] = []

  /// Creates an empty table: `text` columns stand to the left, `numbers` after them to the right.
  package init(text: [String], numbers: [String]) {
    columns = text.map { ($0, false) } + numbers.map { ($0, true) }
  }

  /// Adds a row. - Precondition: one cell a column.
  package mutating func append(_ cells: [String]) {
    precondition(cells.count == columns.count, "\(cells.count) cells for \(columns.count) columns")
    rows.append(cells)
  }

  /// The table as Markdown, without a line break at the end.
  package var text: String {
    let lines = [columns.map(\.heading), columns.map { $0.isNumber ? "---:" : "---" }] + rows
    return lines.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
  }
}
