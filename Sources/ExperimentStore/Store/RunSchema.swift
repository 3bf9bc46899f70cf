import GRDB

/// The tables of `trials.sqlite`.
///
/// What is compared, counted or sorted is a column; what is only read back as a whole is one line of JSON.
enum RunSchema {
  static let file = DatabaseFile(kind: "run store", applicationID: 0x544E_444D, migrator: migrator)

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      try database.create(table: "trial") { table in
        table.primaryKey("id", .integer)
        table.column("candidateKey", .text).notNull().unique()
        table.column("architectureKey", .text).notNull().indexed()
        table.column("candidate", .text).notNull()
        table.column("outcome", .text).notNull()
        table.column("seconds", .double).notNull()
        table.column("failureStage", .text)
        table.column("failureMessage", .text)
      }
      try database.create(table: "rejection") { table in
        table.column("trialID", .integer).notNull().references("trial", onDelete: .cascade)
        table.column("device", .text).notNull()
        table.column("reason", .text).notNull()
        table.column("peakBytes", .integer).notNull()
        table.column("limitBytes", .integer).notNull()
        table.column("operatorName", .text)
        table.column("provedInfeasible", .boolean).notNull()
        table.primaryKey(["trialID", "device"])
      }
      try database.create(table: "measurement") { table in
        table.primaryKey("trialID", .integer).references("trial", onDelete: .cascade)
        table.column("accuracy", .double).notNull()
        table.column("validation", .text).notNull()
        table.column("peakBytes", .integer).notNull()
        table.column("peak", .text).notNull()
        table.column("livePeakBytes", .integer).notNull()
        table.column("trivialBoundBytes", .integer).notNull()
        table.column("weightBytes", .integer).notNull()
        table.column("macs", .integer).notNull()
        table.column("parameters", .integer).notNull()
      }
      try database.create(table: "deviceMeasurement") { table in
        table.column("trialID", .integer).notNull().references("trial", onDelete: .cascade)
        table.column("device", .text).notNull()
        table.column("arenaBytes", .integer).notNull()
        table.column("latencyMilliseconds", .double).notNull()
        table.column("latency", .text).notNull()
        table.primaryKey(["trialID", "device"])
      }
      try database.create(table: "searchState") { table in
        table.primaryKey("id", .integer).check { $0 == 0 }
        table.column("generator", .text).notNull()
        table.column("strategy", .text).notNull()
        table.column("strategyState", .text).notNull()
      }
      try database.create(table: "finalResult") { table in
        table.primaryKey("trialID", .integer).references("trial")
        table.column("architectureKey", .text).notNull()
        table.column("testAccuracy", .double).notNull()
        table.column("result", .text).notNull()
      }
    }
    // Order and peak became the device's own, since kernels can be fitted to its memory.
    migrator.registerMigration("2") { database in
      try database.create(table: "deviceMeasurement2") { table in
        table.column("trialID", .integer).notNull().references("trial", onDelete: .cascade)
        table.column("device", .text).notNull()
        table.column("arenaBytes", .integer).notNull()
        table.column("peakBytes", .integer).notNull()
        table.column("peak", .text).notNull()
        table.column("livePeakBytes", .integer).notNull()
        table.column("latencyMilliseconds", .double).notNull()
        table.column("latency", .text).notNull()
        table.primaryKey(["trialID", "device"])
      }
      try database.execute(
        sql: """
          INSERT INTO deviceMeasurement2
          SELECT trialID, device, arenaBytes, peakBytes, peak, livePeakBytes, latencyMilliseconds, latency
          FROM deviceMeasurement JOIN measurement USING (trialID)
          """)
      try database.drop(table: "deviceMeasurement")
      try database.rename(table: "deviceMeasurement2", to: "deviceMeasurement")
      try database.alter(table: "measurement") { table in
        for column in ["peakBytes", "peak", "livePeakBytes"] { table.drop(column: column) }
      }
    }
    return migrator
  }
}
