import Foundation
import Foundations
import GRDB

/// A row of a table whose content is not trusted: a damaged or foreign file must end in an error, never in a trap.
struct StoredRow {
  /// Numbers up to here are exact as `Double` too, and sums and differences of two do not overflow.
  private static let largestCount = 1 << 53

  let table: String
  private let row: Row

  /// All rows that a query's condition selects; `rest` follows the table's name.
  static func fetch(
    _ database: Database, _ table: String, _ rest: String = "", arguments: StatementArguments = .init()
  ) throws -> [StoredRow] {
    try Row.fetchAll(database, sql: "SELECT * FROM \(table) \(rest)", arguments: arguments)
      .map { StoredRow(table: table, row: $0) }
  }

  func text(_ column: String) throws -> String {
    guard let text = try optionalText(column) else { throw wrong(column, "is missing") }
    return text
  }

  func optionalText(_ column: String) throws -> String? {
    switch try value(column).storage {
    case .string(let text): text
    case .null: nil
    case .int64, .double, .blob: throw wrong(column, "is no text")
    }
  }

  /// An integer from 0 on.
  func count(_ column: String) throws -> Int {
    guard case .int64(let number) = try value(column).storage, (0...Int64(Self.largestCount)).contains(number)
    else { throw wrong(column, "is no count") }
    return Int(number)
  }

  /// A finite number from 0 on.
  func number(_ column: String) throws -> Double {
    let number = try signedNumber(column)
    guard number >= 0 else { throw wrong(column, "is no number from 0 on") }
    return number
  }

  func signedNumber(_ column: String) throws -> Double {
    guard case .double(let number) = try value(column).storage, number.isFinite else {
      throw wrong(column, "is no number")
    }
    return number
  }

  func flag(_ column: String) throws -> Bool {
    switch try count(column) {
    case 0: false
    case 1: true
    default: throw wrong(column, "is neither 0 nor 1")
    }
  }

  /// A value of an enumeration, by its name.
  func named<Value: RawRepresentable<String>>(_ type: Value.Type, _ column: String) throws -> Value {
    let text = try text(column)
    guard let value = Value(rawValue: text) else { throw wrong(column, "has the unknown value '\(text)'") }
    return value
  }

  /// A value stored as JSON.
  func json<Value: Decodable>(_ type: Value.Type, _ column: String) throws -> Value {
    do {
      return try JSONFile.decode(type, from: Data(try text(column).utf8), source: "JSON")
    } catch let error as JSONFileError {
      throw wrong(column, "cannot be decoded: \(error.reason)")
    }
  }

  /// Checks a column that repeats a part of another one, so that it can be compared and sorted.
  func require<Value: Equatable>(_ column: String, _ stored: Value, equals value: Value) throws {
    if stored != value { throw wrong(column, "is \(stored), but \(value) elsewhere in the row") }
  }

  func wrong(_ column: String, _ what: String) -> RecordError {
    RecordError(what: "column '\(column)' of table '\(table)' \(what)")
  }

  private func value(_ column: String) throws -> DatabaseValue {
    guard row.hasColumn(column) else { throw wrong(column, "does not exist") }
    return try row.decode(DatabaseValue.self, forColumn: column)
  }
}

/// A row that this version cannot read.
struct RecordError: Error, CustomStringConvertible {
  let what: String
  var description: String { "the file is inconsistent: \(what)" }
}
