import AccuracyEstimation
import CoSearch
import Foundation
import Foundations
import GRDB
import MemoryPlanning
import ScheduleTuning
import SearchSpaces

/// Trials as rows of the run store's tables.
enum TrialRecords {
  static func insert(_ trial: Trial, into database: Database) throws {
    let failure: TrialFailure? = if case .failed(let failure) = trial.outcome { failure } else { nil }
    try database.execute(
      sql: """
        INSERT INTO trial
        (id, candidateKey, architectureKey, candidate, outcome, seconds, failureStage, failureMessage)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        trial.id, trial.candidate.key, trial.candidate.architecture.key,
        try JSONFile.encodeLine(trial.candidate), trial.outcome.kind.rawValue, trial.seconds,
        failure?.stage.rawValue, failure?.message,
      ])
    try insertDetails(of: trial, into: database)
  }

  /// Writes the outcome of a recorded trial anew. The row itself stays: final results refer to it.
  static func replace(_ trial: Trial, in database: Database) throws {
    let failure: TrialFailure? = if case .failed(let failure) = trial.outcome { failure } else { nil }
    try database.execute(
      sql: """
        UPDATE trial SET outcome = ?, seconds = ?, failureStage = ?, failureMessage = ?
        WHERE id = ? AND candidateKey = ?
        """,
      arguments: [
        trial.outcome.kind.rawValue, trial.seconds, failure?.stage.rawValue, failure?.message, trial.id,
        trial.candidate.key,
      ])
    precondition(database.changesCount == 1, "only a recorded trial can be replaced")
    for table in ["rejection", "measurement", "deviceMeasurement"] {
      try database.execute(sql: "DELETE FROM \(table) WHERE trialID = ?", arguments: [trial.id])
    }
    try insertDetails(of: trial, into: database)
  }

  static func fetchAll(_ database: Database) throws -> [Trial] {
    let trials = try assemble(
      trials: StoredRow.fetch(database, "trial", "ORDER BY id"),
      rejections: StoredRow.fetch(database, "rejection"),
      measurements: StoredRow.fetch(database, "measurement"),
      devices: StoredRow.fetch(database, "deviceMeasurement"))
    for (number, trial) in trials.enumerated() where trial.id != number {
      throw RecordError(what: "table 'trial' has no trial \(number), but later ones")
    }
    return trials
  }

  static func fetch(_ database: Database, id: Int) throws -> [Trial] {
    func rows(_ table: String, _ column: String) throws -> [StoredRow] {
      try StoredRow.fetch(database, table, "WHERE \(column) = ?", arguments: [id])
    }
    return try assemble(
      trials: rows("trial", "id"), rejections: rows("rejection", "trialID"),
      measurements: rows("measurement", "trialID"), devices: rows("deviceMeasurement", "trialID"))
  }

  private static func insertDetails(of trial: Trial, into database: Database) throws {
    for (device, rejection) in trial.rejections {
      try database.execute(
        sql: """
          INSERT INTO rejection
          (trialID, device, reason, peakBytes, limitBytes, operatorName, provedInfeasible)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          trial.id, device, rejection.reason.rawValue, rejection.peakBytes, rejection.limitBytes,
          rejection.operatorName, rejection.provedInfeasible,
        ])
    }
    guard let measurement = trial.measurement else { return }
    // The column 'accuracy' has what the search ranks by, a score with some estimators; it was named before there were
    // any, and stores of that time can still be read. What it is stands in 'validation'.
    try database.execute(
      sql: """
        INSERT INTO measurement
        (trialID, accuracy, validation, trivialBoundBytes, weightBytes, macs, parameters)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        trial.id, measurement.validation.merit, try JSONFile.encodeLine(measurement.validation),
        measurement.trivialBoundBytes, measurement.weightBytes, measurement.macs, measurement.parameters,
      ])
    for (device, result) in measurement.devices {
      try database.execute(
        sql: """
          INSERT INTO deviceMeasurement
          (trialID, device, arenaBytes, peakBytes, peak, livePeakBytes, latencyMilliseconds, latency)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          trial.id, device, result.arenaBytes, result.peak.bytes, try JSONFile.encodeLine(result.peak),
          result.livePeakBytes, result.latency.medianMilliseconds, try JSONFile.encodeLine(result.latency),
        ])
    }
  }

  private static func assemble(
    trials: [StoredRow], rejections: [StoredRow], measurements: [StoredRow], devices: [StoredRow]
  ) throws -> [Trial] {
    var rejections = try grouped(rejections)
    var measurements = try grouped(measurements)
    var devices = try grouped(devices)
    let result = try trials.map { row in
      let id = try row.count("id")
      let candidate = try row.json(Candidate.self, "candidate")
      try row.require("candidateKey", row.text("candidateKey"), equals: candidate.key)
      try row.require("architectureKey", row.text("architectureKey"), equals: candidate.architecture.key)
      let reasons = try byDevice(rejections.removeValue(forKey: id) ?? [], rejection)
      let outcome: TrialOutcome
      switch try row.named(TrialOutcome.Kind.self, "outcome") {
      case .rejected: outcome = .rejected(reasons)
      case .failed:
        outcome = .failed(
          TrialFailure(
            stage: try row.named(TrialFailure.Stage.self, "failureStage"),
            message: try row.optionalText("failureMessage") ?? "", rejections: reasons))
      case .measured:
        guard let measurement = measurements.removeValue(forKey: id)?.first else {
          throw RecordError(what: "table 'measurement' has no row of the measured trial \(id)")
        }
        outcome = .measured(
          try self.measurement(
            measurement, devices: byDevice(devices.removeValue(forKey: id) ?? [], deviceMeasurement),
            rejections: reasons))
      }
      return Trial(id: id, candidate: candidate, outcome: outcome, seconds: try row.number("seconds"))
    }
    // Every row must have found its trial.
    for left in [rejections, measurements, devices] {
      if let (id, rows) = left.min(by: { $0.key < $1.key }) {
        throw rows[0].wrong("trialID", "names trial \(id), which has no such details")
      }
    }
    return result
  }

  private static func grouped(_ rows: [StoredRow]) throws -> [Int: [StoredRow]] {
    try rows.reduce(into: [:]) { try $0[$1.count("trialID"), default: []].append($1) }
  }

  private static func byDevice<Value>(
    _ rows: [StoredRow], _ value: (StoredRow) throws -> Value
  ) throws -> [String: Value] {
    try rows.reduce(into: [:]) { result, row in
      let device = try row.text("device")
      if result.updateValue(try value(row), forKey: device) != nil {
        throw row.wrong("device", "names '\(device)' twice for one trial")
      }
    }
  }

  private static func measurement(
    _ row: StoredRow, devices: [String: DeviceMeasurement], rejections: [String: Rejection]
  ) throws -> CoSearch.Measurement {
    let validation = try row.json(AccuracyEstimate.self, "validation")
    try row.require("accuracy", row.signedNumber("accuracy"), equals: validation.merit)
    return CoSearch.Measurement(
      validation: validation, devices: devices, rejections: rejections,
      trivialBoundBytes: try row.count("trivialBoundBytes"), weightBytes: try row.count("weightBytes"),
      macs: try row.count("macs"), parameters: try row.count("parameters"))
  }

  private static func deviceMeasurement(_ row: StoredRow) throws -> DeviceMeasurement {
    let latency = try row.json(LatencyStatistics.self, "latency")
    try row.require(
      "latencyMilliseconds", row.number("latencyMilliseconds"), equals: latency.medianMilliseconds)
    let peak = try row.json(MemoryPeak.self, "peak")
    try row.require("peakBytes", row.count("peakBytes"), equals: peak.bytes)
    return DeviceMeasurement(
      arenaBytes: try row.count("arenaBytes"), peak: peak, livePeakBytes: try row.count("livePeakBytes"),
      latency: latency)
  }

  private static func rejection(_ row: StoredRow) throws -> Rejection {
    Rejection(
      reason: try row.named(Rejection.Reason.self, "reason"), peakBytes: try row.count("peakBytes"),
      limitBytes: try row.count("limitBytes"), operatorName: try row.optionalText("operatorName"),
      provedInfeasible: try row.flag("provedInfeasible"))
  }
}
