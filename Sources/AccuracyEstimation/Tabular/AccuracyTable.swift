import Foundation
import Training

/// Accuracies of architectures that somebody has trained: a tabular benchmark such as NAS-Bench-201
/// (Dong and Yang, arXiv 2001.00326; every one of its 15,625 cells).
///
/// A comma-separated file (RFC 4180), plain or compressed with gzip. The first line names the columns; one of them,
/// `arch` unless named otherwise, holds the architecture as `tandem space sample` and the tables of a search print its
/// cells (``SearchSpace/label(_:)``): for NAS-Bench-201's cell the benchmark's own string
/// `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`. Another column, chosen by name, holds the accuracies: shares in [0, 1], or
/// percentages if any of them is above 1. All other columns are ignored.
public struct AccuracyTable: Hashable, Sendable {
  /// The file, as it was named.
  public let file: String
  /// The column of the accuracies.
  public let column: String
  /// Accuracies in [0, 1] by the text of the architecture.
  public let accuracies: [String: Double]

  /// Files that are larger when decompressed are refused.
  public static let largestBytes = 1 << 30

  /// Reads a table.
  ///
  /// - Throws: ``AccuracyTableError`` naming file and line.
  /// - Complexity: linear in the size of the file.
  public static func read(
    _ url: URL, column: String, architectureColumn: String = "arch"
  ) throws(AccuracyTableError) -> AccuracyTable {
    let bytes: [UInt8]
    do {
      bytes = try GzipFile.read(url, maximumBytes: largestBytes)
    } catch {
      throw AccuracyTableError(file: url.relativePath, line: nil, reason: error.reasonWithoutPath)
    }
    return try AccuracyTable(
      bytes, file: url.relativePath, column: column, architectureColumn: architectureColumn)
  }

  /// Reads a table from the bytes of a file that is not compressed; see ``read(_:column:architectureColumn:)``.
  public init(
    _ bytes: [UInt8], file: String, column: String, architectureColumn: String = "arch"
  ) throws(AccuracyTableError) {
    self.file = file
    self.column = column
    func fail(_ line: Int?, _ reason: String) -> AccuracyTableError {
      AccuracyTableError(file: file, line: line, reason: reason)
    }
    var records = CSVRecords(bytes)
    func next() throws(AccuracyTableError) -> CSVRecords.Record? {
      do throws(CSVRecords.Mistake) {
        return try records.next()
      } catch {
        throw fail(error.line, error.reason)
      }
    }
    guard let header = try next() else { throw fail(nil, "the table is empty") }
    let names = header.fields.indices.map { header.text($0) }
    func index(of name: String) throws(AccuracyTableError) -> Int {
      let found = names.indices.filter { names[$0] == name }
      guard let first = found.first else {
        throw fail(
          header.line, "there is no column '\(name)'; the columns are \(names.joined(separator: ", "))")
      }
      if found.count > 1 { throw fail(header.line, "there are \(found.count) columns '\(name)'") }
      return first
    }
    let (architectureIndex, accuracyIndex) = (try index(of: architectureColumn), try index(of: column))
    var values: [String: (value: Double, line: Int)] = [:]
    while let record = try next() {
      guard record.fields.count == names.count else {
        throw fail(record.line, "\(record.fields.count) fields, but \(names.count) columns")
      }
      let architecture = record.text(architectureIndex)
      if architecture.isEmpty { throw fail(record.line, "the column '\(architectureColumn)' is empty") }
      let text = record.text(accuracyIndex)
      guard let value = Double(text), value >= 0, value <= 100 else {
        throw fail(
          record.line, "'\(text)' in the column '\(column)' is neither a share nor a percentage")
      }
      if let other = values.updateValue((value, record.line), forKey: architecture) {
        throw fail(
          record.line, "the architecture '\(architecture)' stands on line \(other.line) already")
      }
    }
    if values.isEmpty { throw fail(nil, "the table has no architectures") }
    let factor = values.values.contains { $0.value > 1 } ? 0.01 : 1
    accuracies = values.mapValues { $0.value * factor }
  }
}

/// A table that cannot be read.
public struct AccuracyTableError: Error, Equatable, CustomStringConvertible {
  /// The file.
  public let file: String
  /// The line, counted from 1; nil if the mistake is the whole file's.
  public let line: Int?
  /// What is wrong.
  public let reason: String

  /// `FILE:LINE: reason`.
  public var description: String { "\(file)\(line.map { ":\($0)" } ?? ""): \(reason)" }
}

extension DatasetError {
  /// What is wrong with a file, without naming it again.
  fileprivate var reasonWithoutPath: String {
    switch self {
    case .missingFile: "no such file"
    case .cannotRead(_, let reason), .invalidFile(_, let reason): reason
    default: description
    }
  }
}
