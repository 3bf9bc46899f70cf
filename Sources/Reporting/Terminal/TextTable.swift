/// A table for a terminal: columns as wide as their widest cell, numbers to the right.
///
///     var table = TextTable(columns: [.init("device"), .init("peak", alignment: .right)])
///     table.append(["mcu-256k", "211 KiB"])
///     print(table.rendered())
public struct TextTable: Sendable {
  /// A column's heading and alignment.
  public struct Column: Sendable {
    /// Where cells stand in the column.
    public enum Alignment: Sendable { case left, right }
    let heading: String
    let alignment: Alignment
    /// Creates a column.
    public init(_ heading: String, alignment: Alignment = .left) {
      self.heading = heading
      self.alignment = alignment
    }
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  /// Creates an empty table.
  public init(columns: [Column]) { self.columns = columns }

  /// Adds a row. - Precondition: one cell a column.
  public mutating func append(_ row: [String]) {
    precondition(row.count == columns.count, "\(row.count) cells for \(columns.count) columns")
    rows.append(row)
  }

  /// The table as lines without trailing spaces; headings underlined by dashes.
  ///
  /// - Parameter width: the columns of the terminal; longer lines are cut, so that the last columns should be those
  ///   that matter least. Nil for lines of any length.
  public func rendered(width maximum: Int? = nil) -> String {
    let lines = [columns.map(\.heading)] + rows
    let widths = columns.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      let padded = zip(cells.indices, cells).map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return columns[column].alignment == .left ? cell + space : space + cell
      }
      var text = padded.joined(separator: "  ")
      while text.last == " " { text.removeLast() }
      guard let maximum, text.count > maximum else { return text }
      return text.prefix(max(1, maximum - 1)) + "…"
    }
    let rule = widths.map { String(repeating: "-", count: $0) }
    return ([line(lines[0]), line(rule)] + rows.map(line)).joined(separator: "\n")
  }
}
