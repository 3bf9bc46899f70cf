import Foundation
import Foundations
import GRDB
import Kernels
import ScheduleTuning

/// Tuning records as rows of the schedule database. A row has statistics or the reason of a failure, never both.
enum TuningRows {
  static let table = "tuning"

  static func create(_ database: Database) throws {
    try database.create(table: table) { table in
      // Ascending in the order in which schedules were first tried.
      table.autoIncrementedPrimaryKey("id")
      table.column("workload", .text).notNull()
      table.column("target", .text).notNull().indexed()
      table.column("schedule", .text).notNull()
      table.column("fingerprint", .text).notNull()
      table.column("features", .text).notNull()
      table.column("statistics", .text)
      table.column("decision", .text)
      table.column("failure", .text)
      table.uniqueKey(["workload", "target", "schedule"])
    }
  }

  static func store(_ record: TuningRecord, target: TargetFingerprint, in database: Database) throws {
    var (statistics, failure): (String?, String?)
    switch record.outcome {
    case .measured(let value): statistics = try JSONFile.encodeLine(value)
    case .failed(let reason): failure = reason
    }
    try database.execute(
      sql: """
        INSERT INTO \(table) (workload, target, schedule, fingerprint, features, statistics, decision, failure)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (workload, target, schedule) DO UPDATE SET
        fingerprint = excluded.fingerprint, features = excluded.features, statistics = excluded.statistics,
        decision = excluded.decision, failure = excluded.failure
        """,
      arguments: [
        record.workload, target.key, try JSONFile.encodeLine(StoredKernelSchedule(record.schedule)),
        try JSONFile.encodeLine(target), try JSONFile.encodeLine(record.features), statistics,
        try record.decision.map(JSONFile.encodeLine), failure,
      ])
  }

  static func fetch(
    _ database: Database, _ condition: String, arguments: StatementArguments
  ) throws -> [TuningRecord] {
    try StoredRow.fetch(database, table, condition, arguments: arguments).map { row in
      TuningRecord(
        workload: try row.text("workload"),
        schedule: try row.json(StoredKernelSchedule.self, "schedule").schedule,
        features: try row.json(ScheduleFeatures.self, "features"), outcome: try outcome(of: row),
        decision: try row.optionalText("decision") == nil ? nil : statistics(of: row, "decision"))
    }
  }

  private static func outcome(of row: StoredRow) throws -> TuningOutcome {
    let failure = try row.optionalText("failure")
    guard try row.optionalText("statistics") != nil else {
      guard let failure else { throw row.wrong("statistics", "is missing, and so is a failure") }
      return .failed(reason: failure)
    }
    if failure != nil { throw row.wrong("failure", "stands beside statistics") }
    return .measured(try statistics(of: row, "statistics"))
  }

  private static func statistics(of row: StoredRow, _ column: String) throws -> LatencyStatistics {
    let statistics = try row.json(LatencyStatistics.self, column)
    guard statistics.minMilliseconds.isFinite, statistics.minMilliseconds >= 0 else {
      throw row.wrong(column, "holds no duration")
    }
    return statistics
  }
}

extension ScheduleDatabase {
  /// The tuning records of an operator on a target, in the order in which their schedules were first tried.
  ///
  /// Planning asks for the same ones again and again: they are kept until the file changes.
  public func tuningRecords(workload: String, target: String) throws -> [TuningRecord] {
    try Self.file.mappingErrors(url) {
      try database.read { database in
        // Changes when another connection has written to the file.
        let version = try Int.fetchOne(database, sql: "PRAGMA data_version") ?? 0
        return try tuningCache.records(workload: workload, target: target, version: version) {
          try TuningRows.fetch(
            database, "WHERE workload = ? AND target = ? ORDER BY id", arguments: [workload, target])
        }
      }
    }
  }

  /// The newest `limit` tuning records of a target, oldest first.
  public func tuningRecords(target: String, newest limit: Int) throws -> [TuningRecord] {
    try Self.file.mappingErrors(url) {
      try database.read {
        try TuningRows.fetch($0, "WHERE target = ? ORDER BY id DESC LIMIT ?", arguments: [target, limit])
          .reversed()
      }
    }
  }

  /// Stores tuning records in one transaction; one of a workload and schedule that are stored already replaces it.
  public func store(_ records: [TuningRecord], target: TargetFingerprint) throws {
    try Self.file.mappingErrors(url) {
      try database.write { database in
        for record in records { try TuningRows.store(record, target: target, in: database) }
      }
    }
    tuningCache.clear()
  }
}

/// Tuning records that were read.
final class TuningCache: @unchecked Sendable {
  private struct Key: Hashable {
    let workload: String
    let target: String
  }

  // Guarded by `lock`.
  private var records: [Key: [TuningRecord]] = [:]
  private var version = 0
  private let lock = NSLock()

  /// The records that were read under this version of the file, or those that `read` reads now.
  func records(
    workload: String, target: String, version: Int, _ read: () throws -> [TuningRecord]
  ) rethrows -> [TuningRecord] {
    try lock.withLock {
      if version != self.version { records = [:] }
      self.version = version
      let key = Key(workload: workload, target: target)
      if let known = records[key] { return known }
      let found = try read()
      records[key] = found
      return found
    }
  }

  /// Forgets everything.
  func clear() { lock.withLock { records = [:] } }
}
