import Foundation
import Foundations
import GRDB
import ScheduleTuning

/// The schedule database: latencies and tuning records by workload and target, shared by runs and processes.
///
/// A latency is frozen once written: whoever measures the same workload later is given the first value, so that a
/// search can be repeated exactly.
public final class ScheduleDatabase: TuningDatabase {
  /// The database file.
  public let url: URL
  let database: DatabaseQueue
  let tuningCache = TuningCache()

  static let file = DatabaseFile(
    kind: "schedule database", applicationID: 0x544E_4453, migrator: migrator)

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      try database.create(table: "latency") { table in
        table.column("workload", .text).notNull()
        table.column("target", .text).notNull()
        table.column("fingerprint", .text).notNull()
        table.column("statistics", .text).notNull()
        table.primaryKey(["workload", "target"])
      }
    }
    migrator.registerMigration("2") { try TuningRows.create($0) }
    return migrator
  }

  /// `schedules.sqlite` in the user's data folder: `$XDG_DATA_HOME/tandem`, else `~/.local/share/tandem`.
  public static func defaultLocation(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> URL {
    let dataFolder: URL
    if let folder = environment["XDG_DATA_HOME"], folder.hasPrefix("/") {
      dataFolder = URL(fileURLWithPath: folder)
    } else {
      let home = environment["HOME"].map { URL(fileURLWithPath: $0) }
      dataFolder = (home ?? FileManager.default.homeDirectoryForCurrentUser).appending(path: ".local/share")
    }
    return dataFolder.appending(path: "tandem/schedules.sqlite")
  }

  /// Opens the database; creates it, and the folder it is in, if there is none.
  ///
  /// - Throws: ``StoreError`` if the file is damaged, of another program or version, or cannot be written.
  public init(at url: URL) throws(StoreError) {
    self.url = url
    do {
      try AtomicFile.createFolder(url.deletingLastPathComponent())
    } catch {
      throw .system(path: url.path, reason: "\(error)")
    }
    database = try Self.file.open(url)
  }

  /// The latency of a workload on a target (`TargetFingerprint.key`), if it is known.
  public func latency(workload: String, target: String) throws -> LatencyStatistics? {
    try Self.file.mappingErrors(url) {
      try database.read { try Self.fetch($0, workload: workload, target: target) }
    }
  }

  /// Stores a latency unless there is one, and returns the one that is stored. Atomic across processes.
  public func freeze(
    _ value: LatencyStatistics, workload: String, target: TargetFingerprint
  ) throws -> LatencyStatistics {
    try Self.file.mappingErrors(url) {
      try database.write { database in
        try database.execute(
          sql: """
            INSERT INTO latency (workload, target, fingerprint, statistics) VALUES (?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """,
          arguments: [
            workload, target.key, try JSONFile.encodeLine(target), try JSONFile.encodeLine(value),
          ])
        return try Self.fetch(database, workload: workload, target: target.key) ?? value
      }
    }
  }

  /// How many latencies are stored.
  public func count() throws(StoreError) -> Int {
    try Self.file.mappingErrors(url) {
      try database.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM latency") ?? 0 }
    }
  }

  private static func fetch(
    _ database: Database, workload: String, target: String
  ) throws -> LatencyStatistics? {
    try StoredRow.fetch(
      database, "latency", "WHERE workload = ? AND target = ?", arguments: [workload, target]
    ).first?.json(LatencyStatistics.self, "statistics")
  }
}
