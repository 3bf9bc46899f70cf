import CoSearch
import Foundation
import Foundations
import GRDB

/// `trials.sqlite`: everything a run must remember, in SQLite with a write-ahead log.
///
/// Each recording method is one transaction. A process that is killed leaves the last committed state, and other
/// processes can read it meanwhile (``init(readingFrom:)``).
public final class RunStore: SearchJournal {
  /// The database file.
  public let url: URL
  private let database: DatabaseQueue

  /// Opens the store for writing; creates it if there is none.
  ///
  /// - Throws: ``StoreError`` if the file is damaged, of another program or version, or cannot be written.
  public init(at url: URL) throws(StoreError) {
    self.url = url
    database = try RunSchema.file.open(url)
  }

  /// Opens an existing store for reading, also while a search writes it. Recording then throws.
  ///
  /// - Throws: ``StoreError`` if there is no such file, or none that this version can read.
  public init(readingFrom url: URL) throws(StoreError) {
    self.url = url
    database = try RunSchema.file.openReadOnly(url)
  }

  /// All trials, ascending by id.
  public func trials() throws(JournalError) -> [Trial] {
    try reading { try TrialRecords.fetchAll($0) }
  }

  /// One trial; nil if there is none with that id.
  public func trial(_ id: Int) throws(JournalError) -> Trial? {
    try reading { try TrialRecords.fetch($0, id: id).first }
  }

  /// The state that was recorded with the latest trial.
  public func state() throws(JournalError) -> SearchState? {
    try reading { database in
      guard let row = try StoredRow.fetch(database, "searchState").first else { return nil }
      return SearchState(
        generator: try row.json(SeededGenerator.self, "generator"),
        strategy: try row.text("strategy"), strategyState: try row.text("strategyState"))
    }
  }

  /// Adds a trial and the state after it, in one transaction.
  public func record(_ trial: Trial, state: SearchState) throws(JournalError) {
    try writing { database in
      try TrialRecords.insert(trial, into: database)
      try database.execute(
        sql:
          "INSERT OR REPLACE INTO searchState (id, generator, strategy, strategyState) VALUES (0, ?, ?, ?)",
        arguments: [try JSONFile.encodeLine(state.generator), state.strategy, state.strategyState])
    }
  }

  /// Replaces a trial, in one transaction.
  public func replace(_ trial: Trial) throws(JournalError) {
    try writing { try TrialRecords.replace(trial, in: $0) }
  }

  /// The results of the final trainings, ascending by trial id.
  public func finalResults() throws(JournalError) -> [FinalResult] {
    try reading { database in
      try StoredRow.fetch(database, "finalResult", "ORDER BY trialID").map { row in
        let result = try row.json(FinalResult.self, "result")
        try row.require("trialID", row.count("trialID"), equals: result.trialID)
        try row.require("architectureKey", row.text("architectureKey"), equals: result.architectureKey)
        try row.require("testAccuracy", row.number("testAccuracy"), equals: result.testAccuracy)
        return result
      }
    }
  }

  /// Adds the result of a final training, or replaces the one of the same trial.
  public func record(_ result: FinalResult) throws(JournalError) {
    try writing { database in
      try database.execute(
        sql: """
          INSERT OR REPLACE INTO finalResult (trialID, architectureKey, testAccuracy, result)
          VALUES (?, ?, ?, ?)
          """,
        arguments: [
          result.trialID, result.architectureKey, result.testAccuracy, try JSONFile.encodeLine(result),
        ])
    }
  }

  /// Closes the file; using the store afterwards throws.
  public func close() throws(JournalError) {
    do { try database.close() } catch { throw .cannotWrite(path: url.path, reason: "\(error)") }
  }

  private func reading<Result>(_ work: (Database) throws -> Result) throws(JournalError) -> Result {
    do {
      return try database.read(work)
    } catch {
      throw .unreadable(path: url.path, reason: Self.describe(error))
    }
  }

  private func writing(_ work: (Database) throws -> Void) throws(JournalError) {
    do {
      try database.write(work)
    } catch {
      throw .cannotWrite(path: url.path, reason: Self.describe(error))
    }
  }

  private static func describe(_ error: any Error) -> String {
    guard let error = error as? DatabaseError else { return "\(error)" }
    return error.message ?? "\(error.resultCode)"
  }
}
