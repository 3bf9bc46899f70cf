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
    try assemble(
      trials: Row.fetchAll(database, sql: "SELECT * FROM trial ORDER BY id"),
      rejections: Row.fetchAll(database, sql: "SELECT * FROM rejection"),
      measurements: Row.fetchAll(database, sql: "SELECT * FROM measurement"),
      devices: Row.fetchAll(database, sql: "SELECT * FROM deviceMeasurement"))
  }

  static func fetch(_ database: Database, id: Int) throws -> [Trial] {
    func rows(_ table: String, _ column: String) throws -> [Row] {
      try Row.fetchAll(database, sql: "SELECT * FROM \(table) WHERE \(column) = ?", arguments: [id])
    }
    return try assemble(
      trials: rows("trial", "id"), rejections: rows("rejection", "trialID"),
      measurements: rows("measurement", "trialID"), devices: rows("deviceMeasurement", "trialID"))
  }

  static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    try JSONFile.decode(type, from: Data(text.utf8), source: "a stored \(type)")
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
    try database.execute(
      sql: """
        INSERT INTO measurement
        (trialID, accuracy, validation, peakBytes, peak, livePeakBytes, trivialBoundBytes,
         weightBytes, macs, parameters)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        trial.id, measurement.validation.accuracy, try JSONFile.encodeLine(measurement.validation),
        measurement.peak.bytes, try JSONFile.encodeLine(measurement.peak),
        measurement.livePeakBytes, measurement.trivialBoundBytes, measurement.weightBytes,
        measurement.macs, measurement.parameters,
      ])
    for (device, result) in measurement.devices {
      try database.execute(
        sql: """
          INSERT INTO deviceMeasurement (trialID, device, arenaBytes, latencyMilliseconds, latency)
          VALUES (?, ?, ?, ?, ?)
          """,
        arguments: [
          trial.id, device, result.arenaBytes, result.latency.medianMilliseconds,
          try JSONFile.encodeLine(result.latency),
        ])
    }
  }

  private static func assemble(
    trials: [Row], rejections: [Row], measurements: [Row], devices: [Row]
  ) throws -> [Trial] {
    let rejections = Dictionary(grouping: rejections) { $0["trialID"] as Int }
    let measurements = Dictionary(grouping: measurements) { $0["trialID"] as Int }
    let devices = Dictionary(grouping: devices) { $0["trialID"] as Int }
    return try trials.map { row in
      let id: Int = row["id"]
      let reasons = try Dictionary(
        uniqueKeysWithValues: (rejections[id] ?? []).map { ($0["device"] as String, try rejection($0)) })
      return Trial(
        id: id, candidate: try decode(Candidate.self, row["candidate"]),
        outcome: try outcome(
          row, rejections: reasons, measurement: measurements[id]?.first, devices: devices[id] ?? []),
        seconds: row["seconds"])
    }
  }

  private static func outcome(
    _ row: Row, rejections: [String: Rejection], measurement: Row?, devices: [Row]
  ) throws -> TrialOutcome {
    switch try rawValue(TrialOutcome.Kind.self, row["outcome"]) {
    case .rejected: return .rejected(rejections)
    case .failed:
      return .failed(
        TrialFailure(
          stage: try rawValue(TrialFailure.Stage.self, row["failureStage"]),
          message: row["failureMessage"] ?? "", rejections: rejections))
    case .measured:
      guard let measurement else { throw RecordError(what: "the measurement of trial \(row["id"] as Int)") }
      return .measured(
        Measurement(
          validation: try decode(AccuracyEstimate.self, measurement["validation"]),
          devices: try Dictionary(
            uniqueKeysWithValues: devices.map { device in
              (
                device["device"] as String,
                DeviceMeasurement(
                  arenaBytes: device["arenaBytes"],
                  latency: try decode(LatencyStatistics.self, device["latency"]))
              )
            }),
          rejections: rejections, peak: try decode(MemoryPeak.self, measurement["peak"]),
          livePeakBytes: measurement["livePeakBytes"],
          trivialBoundBytes: measurement["trivialBoundBytes"], weightBytes: measurement["weightBytes"],
          macs: measurement["macs"], parameters: measurement["parameters"]))
    }
  }

  private static func rejection(_ row: Row) throws -> Rejection {
    Rejection(
      reason: try rawValue(Rejection.Reason.self, row["reason"]), peakBytes: row["peakBytes"],
      limitBytes: row["limitBytes"], operatorName: row["operatorName"],
      provedInfeasible: row["provedInfeasible"])
  }

  private static func rawValue<Value: RawRepresentable<String>>(
    _ type: Value.Type, _ text: String?
  ) throws -> Value {
    guard let value = text.flatMap(Value.init(rawValue:)) else {
      throw RecordError(what: "a \(type) named '\(text ?? "")'")
    }
    return value
  }
}

/// A row that this version cannot read.
struct RecordError: Error, CustomStringConvertible {
  let what: String
  var description: String { "the store is inconsistent: \(what) is unknown or missing" }
}
