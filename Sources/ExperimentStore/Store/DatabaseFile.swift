import Foundation
import Foundations
import GRDB

/// What the run store and the schedule database have in common: how a SQLite file is opened and checked.
struct DatabaseFile {
  /// What a file of this kind is called in errors.
  let kind: String
  /// SQLite's `application_id`, so that a database of another program is not taken for ours.
  let applicationID: Int32
  /// The schema and its history.
  let migrator: DatabaseMigrator

  /// Opens or creates the file for writing, in WAL mode: readers see the last committed state meanwhile.
  func open(_ url: URL) throws(StoreError) -> DatabaseQueue {
    try mappingErrors(url) {
      // Looked at before it is opened for writing, which changes even a file that is not ours.
      if FileManager.default.fileExists(atPath: url.path) {
        let queue = try Self.readOnlyQueue(url)
        if try !queue.read(Self.isEmpty) { try check(queue, url: url) }
        try queue.close()
      }
      var configuration = Configuration()
      configuration.journalMode = .wal
      configuration.busyMode = .timeout(30)
      let queue = try DatabaseQueue(path: url.path, configuration: configuration)
      try queue.writeWithoutTransaction { database in
        // A commit survives a power cut, not only the end of the process.
        try database.execute(sql: "PRAGMA synchronous = FULL")
      }
      if try queue.read(Self.isEmpty) {
        try queue.write { try $0.execute(sql: "PRAGMA application_id = \(applicationID)") }
      }
      do {
        try migrator.migrate(queue)
      } catch {
        // Another process may have created the same tables at the same time; then they are there now.
        guard try queue.read(migrator.hasCompletedMigrations) else { throw error }
      }
      return queue
    }
  }

  /// Opens an existing file for reading, while another process may be writing it.
  func openReadOnly(_ url: URL) throws(StoreError) -> DatabaseQueue {
    try mappingErrors(url) {
      guard FileManager.default.fileExists(atPath: url.path) else {
        throw StoreError.system(path: url.path, reason: "no such file")
      }
      let queue = try Self.readOnlyQueue(url)
      try check(queue, url: url)
      let isComplete = try queue.read { try migrator.hasCompletedMigrations($0) }
      if !isComplete { throw StoreError.foreign(path: url.path, expected: "a complete \(kind)") }
      return queue
    }
  }

  /// Runs a piece of work and translates what it throws.
  func mappingErrors<Result>(_ url: URL, _ work: () throws -> Result) throws(StoreError) -> Result {
    do {
      return try work()
    } catch let error as StoreError {
      throw error
    } catch let error as DatabaseError {
      switch error.resultCode {
      case .SQLITE_NOTADB, .SQLITE_CORRUPT:
        throw .damaged(path: url.path, reason: error.message ?? "\(error.resultCode)")
      default: throw .system(path: url.path, reason: error.message ?? "\(error.resultCode)")
      }
    } catch let error as RecordError {
      throw .damaged(path: url.path, reason: "\(error)")
    } catch {
      throw .system(path: url.path, reason: "\(error)")
    }
  }

  private func check(_ queue: DatabaseQueue, url: URL) throws {
    try queue.read { database in
      try Self.requireSoundness(database, url: url)
      let stored = try Int32.fetchOne(database, sql: "PRAGMA application_id")
      if stored != applicationID { throw StoreError.foreign(path: url.path, expected: "a \(kind)") }
      if try migrator.hasBeenSuperseded(database) { throw StoreError.tooNew(path: url.path) }
    }
  }

  /// Lets SQLite check its pages and rows, and checks what the migrator will read without looking at its type.
  private static func requireSoundness(_ database: Database, url: URL) throws {
    for row in try Row.fetchAll(database, sql: "PRAGMA integrity_check(1)") {
      let finding = row.databaseValues.first.flatMap(String.fromDatabaseValue) ?? "unreadable"
      if finding != "ok" { throw StoreError.damaged(path: url.path, reason: finding) }
    }
    let tables = try Row.fetchAll(
      database, sql: "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'grdb_migrations'")
    if tables.isEmpty { return }
    for row in try StoredRow.fetch(database, "grdb_migrations") { _ = try row.text("identifier") }
  }

  private static func isEmpty(_ database: Database) throws -> Bool {
    try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM sqlite_master") == 0
  }

  /// A read-only connection. Where not even the shared-memory file beside the database can be made, as on a
  /// read-only medium, nobody can be writing, and SQLite is told so.
  private static func readOnlyQueue(_ url: URL) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(30)
    do {
      let queue = try DatabaseQueue(path: url.path, configuration: configuration)
      _ = try queue.read { try isEmpty($0) }
      return queue
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CANTOPEN {
      var address = URLComponents()
      address.scheme = "file"
      address.path = url.path
      address.queryItems = [URLQueryItem(name: "immutable", value: "1")]
      return try DatabaseQueue(path: address.string ?? url.path, configuration: configuration)
    }
  }
}
