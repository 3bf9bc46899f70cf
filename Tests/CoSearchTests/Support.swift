import AccuracyEstimation
import ComputationGraph
import CoSearch
import Devices
import Foundation
import Foundations
import Kernels
import ScheduleTuning
import SearchSpaces

/// The package's folder, from the place of this file.
let packageFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

/// A new folder that goes when its owner does.
final class TemporaryFolder: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "tandem-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// Writes a file into the folder.
  @discardableResult
  func write(_ text: String, to path: String) throws -> URL {
    let file = url.appending(path: path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    return file
  }
}

/// A small experiment in files: 288 candidates of 48 architectures, some of them disconnected.
final class TinyExperiment: Sendable {
  static let space = """
    schemaVersion: 1
    name: tiny
    operations:
      none: zero
      skip: identity
      conv: [relu, {conv: {kernel: 3}}, batchNorm]
      pool: [{averagePool: {kernel: 3}}]
    cells:
      cell: {topology: edges, nodes: 3, operations: [none, skip, conv, pool]}
    network:
      stem: {channels: [2, 4, 6], steps: [{conv: {kernel: 3, stride: 2}}, batchNorm]}
      stages: 1
      cellsPerStage: [1]
      cell: cell
      head: [relu]
    policy: {fusion: [none, activation], scheduler: [rpo], rowTile: [1, whole, fit]}
    """

  static func device(_ name: String, memory: String, more: String = "") -> String {
    "schemaVersion: 1\nname: \(name)\nmemoryBytes: \(memory)\n\(more)\n"
  }

  /// The text of the experiment; keys can be replaced.
  static func text(
    devices: String = "[small, large]", trials: Int = 40, seed: Int = 5,
    strategy: String = "{name: regularizedEvolution, population: 8, tournament: 3}", more: String = ""
  ) -> String {
    """
    schemaVersion: 1
    name: tiny
    space: tiny.yaml
    dataset: {name: fashion-mnist}
    devices: \(devices)
    strategy: \(strategy)
    budget: {trials: \(trials)}
    seed: \(seed)
    threads: 1
    accuracy: {estimator: shortTraining, trainImages: 100, validationImages: 50, epochs: 1}
    final: {epochs: 1, batchSize: 32}
    \(more)
    """
  }

  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(Self.space, to: "tiny.yaml")
    try folder.write(Self.device("small", memory: "10KiB"), to: "Devices/small.yaml")
    try folder.write(Self.device("large", memory: "40KiB"), to: "Devices/large.yaml")
    try folder.write(Self.device("huge", memory: "1MiB", more: "threads: 2"), to: "Devices/huge.yaml")
    try folder.write(Self.device("impossible", memory: "4KiB"), to: "Devices/impossible.yaml")
    try folder.write(
      Self.device("flashless", memory: "1MiB", more: "flashBytes: 100"), to: "Devices/flashless.yaml")
  }

  func load(_ text: String = TinyExperiment.text()) throws -> Experiment {
    try Experiment.load(from: folder.write(text, to: "experiment.yaml"))
  }
}

/// Counts calls from any thread.
final class Counter: @unchecked Sendable {
  private let lock = NSLock()
  private var names: [String] = []

  func note(_ name: String) { lock.withLock { names.append(name) } }
  var calls: [String] { lock.withLock { names } }
}

/// Latencies that grow with the operations, without running anything.
struct FakeLatency: LatencySource {
  let counter: Counter
  let operatorCounter: Counter

  func latency(of network: PlannedNetwork, on device: DeviceProfile) throws(LatencySourceError)
    -> LatencyStatistics
  {
    counter.note(network.workloadKey)
    let milliseconds = Double(network.graph.macs) / 1e6 + Double(network.graph.operators.count) / 100
    return LatencyStatistics(
      sampleMilliseconds: [milliseconds / Double(device.threads)], warmup: 1, threads: device.threads)
  }

  /// The larger the panel the faster, but for whole images.
  func operatorMilliseconds(
    of id: OperatorID, in graph: Graph, under schedules: [KernelSchedule], on device: DeviceProfile
  ) -> [Double] {
    operatorCounter.note(graph[id].name)
    return schedules.map { $0.rowTile.map { 1 + 1 / Double($0) } ?? 1.3 }
  }
}

/// Accuracies that are a function of the network and the seed, without training anything.
struct FakeAccuracy: AccuracyEstimator {
  let counter: Counter
  /// Networks whose parameter count is divisible by this diverge.
  var divergingDivisor = Int.max
  var name: String { "fake" }
  var costDescription: String { "nothing" }

  func estimate(_ subject: EstimationSubject, seed: UInt64) throws(EstimationError) -> AccuracyEstimate {
    let training = subject.training
    counter.note("\(training.structuralHash) \(seed)")
    if training.parameterCount % divergingDivisor == 0 { throw .diverged(step: 3, loss: .infinity) }
    var generator = SeededGenerator(seed: seed)
    return AccuracyEstimate(
      accuracy: 0.5 + Double(training.macs % 1000) / 10_000 + .random(in: 0..<0.1, using: &generator),
      estimator: name, split: "validation", trainImages: 100, validationImages: 50, epochs: 1,
      seconds: .random(in: 1...2))
  }
}

/// An evaluator without real training and measurement, and the record of what it was asked.
struct FakeEvaluation {
  let latencies = Counter()
  let operatorLatencies = Counter()
  let accuracies = Counter()
  let evaluator: CandidateEvaluator

  init(_ experiment: Experiment, divergingDivisor: Int = .max) {
    evaluator = CandidateEvaluator(
      experiment: experiment, latency: FakeLatency(counter: latencies, operatorCounter: operatorLatencies),
      accuracy: FakeAccuracy(counter: accuracies, divergingDivisor: divergingDivisor))
  }
}

/// A journal that fails like a full disk, or a killed process, at a given write.
final class FailingJournal: SearchJournal {
  enum Moment { case beforeWriting, afterWriting }

  private let journal: MemoryJournal
  private let moment: Moment
  private let writes = Counter()
  private let allowed: Int

  init(_ journal: MemoryJournal, after allowed: Int, moment: Moment) {
    self.journal = journal
    self.allowed = allowed
    self.moment = moment
  }

  private func write(_ work: () -> Void) throws(JournalError) {
    let fails = writes.calls.count == allowed
    if !fails || moment == .afterWriting { work() }
    if fails { throw .cannotWrite(path: "memory", reason: "no space left") }
    writes.note("write")
  }

  func trials() -> [Trial] { journal.trials() }
  func state() -> SearchState? { journal.state() }
  func finalResults() -> [FinalResult] { journal.finalResults() }
  func record(_ trial: Trial, state: SearchState) throws(JournalError) {
    try write { journal.record(trial, state: state) }
  }
  func replace(_ trial: Trial) throws(JournalError) { try write { journal.replace(trial) } }
  func record(_ result: FinalResult) throws(JournalError) { try write { journal.record(result) } }
}
