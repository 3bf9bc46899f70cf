import ComputationGraph
import ExperimentStore
import Foundation
import Foundations
import Reporting
import SearchSpaces
import Training

/// The folder that `tandem train` writes. `training.json` comes last: with it, the training is finished.
struct TrainingFolder {
  static let weightsName = "network.weights"
  let url: URL

  private var lockFile: URL { url.appendingPathComponent("lock") }
  private var architectureFile: URL { url.appendingPathComponent("architecture.json") }
  private var checkpointFile: URL { url.appendingPathComponent("checkpoint") }
  private var reportFile: URL { url.appendingPathComponent("training.json") }

  init(_ url: URL) { self.url = url }

  /// Creates the folder for an architecture, or opens the one of a training that was interrupted, and keeps other
  /// processes out for as long as the lock lives.
  func open(for architecture: Architecture, resume: Bool) throws -> RunLock {
    if resume {
      guard FileManager.default.fileExists(atPath: architectureFile.path) else {
        throw ExitStatus.badInput("\(url.relativePath) holds no training: architecture.json is missing")
      }
    } else {
      try AtomicFile.createFolder(url)
      try requireEmpty()
    }
    let lock = try RunLock(at: lockFile, run: url)
    AtomicFile.removeTemporaries(in: url)
    let data = try ArchitectureFile.encode(architecture)
    if resume {
      guard try AtomicFile.read(architectureFile) == data else {
        throw ExitStatus.badInput("the training in \(url.relativePath) is of another architecture")
      }
    } else {
      try requireEmpty()
      try AtomicFile.write(data, to: architectureFile)
    }
    return lock
  }

  /// The result, if the training is finished.
  func finishedReport() throws -> TrainingReport? {
    guard FileManager.default.fileExists(atPath: reportFile.path) else { return nil }
    return try Self.report(in: url)
  }

  /// Where to continue; nil if the training was interrupted before its first step.
  func checkpoint() throws -> TrainingCheckpoint? {
    guard FileManager.default.fileExists(atPath: checkpointFile.path) else { return nil }
    return try TrainingCheckpoint.read(checkpointFile)
  }

  /// Stores where to continue.
  func store(_ checkpoint: TrainingCheckpoint) throws { try checkpoint.write(to: checkpointFile) }

  /// Writes the results and removes what only a continuation needs.
  func finish(_ report: TrainingReport, weights: WeightValues) throws {
    try WeightsFile.write(weights, to: url.appendingPathComponent(report.weightsFile))
    try AtomicFile.write(report.csv, to: url.appendingPathComponent("curve.csv"))
    try AtomicFile.write(TrainingPage(report).html(), to: url.appendingPathComponent("report.html"))
    try AtomicFile.write(JSONFile.encode(report), to: reportFile)
    try? FileManager.default.removeItem(at: checkpointFile)
  }

  /// The report of a finished training.
  static func report(in folder: URL) throws -> TrainingReport {
    let file = folder.appendingPathComponent("training.json")
    let report = try JSONFile.decode(
      TrainingReport.self, from: AtomicFile.read(file), source: file.relativePath)
    guard report.schemaVersion == 1 else {
      throw ExitStatus.badInput(
        "\(file.relativePath): schemaVersion is \(report.schemaVersion), expected 1")
    }
    return report
  }

  private func requireEmpty() throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    guard names.allSatisfy({ $0 == lockFile.lastPathComponent || AtomicFile.isTemporary($0) }) else {
      throw ExitStatus.badInput(
        "\(url.relativePath) is not empty: a training needs a new or empty folder, or --resume to continue the one in it"
      )
    }
  }
}
