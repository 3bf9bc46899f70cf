import ComputationGraph
import Foundation
import Foundations
import MemoryPlanning
import ONNXInterchange
import SearchSpaces

/// Checks a bundle against itself: every hash, every format, and every figure that can be computed again.
///
/// Nothing but the bundle is needed. Where model.onnx and the JSON files are both there, the planned operators are put
/// together again from the model's nodes, the memory plan is validated against them, and both live peaks are computed
/// anew. Latency and accuracy cannot be checked without a device and images; the manifest's checksum guards them
/// against accidents, not against forgery.
public struct BundleVerifier {
  private let folder: URL
  private let manifest: BundleManifest

  /// Verifies the bundle in a folder.
  ///
  /// - Returns: its manifest.
  /// - Throws: ``DeploymentError`` naming the file and what is wrong with it.
  @discardableResult
  public static func verify(_ folder: URL) throws(DeploymentError) -> BundleManifest {
    let verifier = try BundleVerifier(folder)
    try verifier.checkFiles()
    try verifier.checkLimits()
    try verifier.checkContent()
    return verifier.manifest
  }

  /// Reads a bundle's manifest and checks its format and checksum, nothing else.
  ///
  /// - Throws: ``DeploymentError/notABundle(path:)`` if there is none, or what is wrong with it.
  public static func manifest(of folder: URL) throws(DeploymentError) -> BundleManifest {
    try BundleVerifier(folder).manifest
  }

  private init(_ folder: URL) throws(DeploymentError) {
    self.folder = folder
    guard FileManager.default.fileExists(atPath: folder.appendingPathComponent(BundleFile.manifest).path)
    else {
      throw .notABundle(path: folder.path)
    }
    let data = try Self.read(BundleFile.manifest, in: folder)
    manifest = try BundleJSON.decode(BundleManifest.self, from: data, file: BundleFile.manifest)
    let checksum = try manifest.expectedChecksum()
    guard checksum == manifest.checksum else {
      throw .wrongHash(file: BundleFile.manifest, expected: manifest.checksum, found: checksum)
    }
  }

  private static func read(_ file: String, in folder: URL) throws(DeploymentError) -> Data {
    do { return try AtomicFile.read(folder.appendingPathComponent(file)) } catch { throw .file(error) }
  }

  private func read(_ file: String) throws(DeploymentError) -> Data { try Self.read(file, in: folder) }

  private func expect<Value: Equatable>(_ key: String, _ found: Value, is expected: Value)
    throws(DeploymentError)
  {
    guard found == expected else {
      throw .wrongFigure(key: key, expected: "\(expected)", found: "\(found)")
    }
  }

  // MARK: Files and limits

  private func checkFiles() throws(DeploymentError) {
    let expected = (manifest.artifacts.flatMap(\.files) + [BundleFile.readme]).sorted()
    try expect("files", manifest.files.keys.sorted(), is: expected)
    for file in expected {
      guard FileManager.default.fileExists(atPath: folder.appendingPathComponent(file).path) else {
        throw .missingFile(file)
      }
      let data = try read(file)
      let hash = Digest.sha256(data)
      guard hash == manifest.files[file]!.sha256 else {
        throw .wrongHash(file: file, expected: manifest.files[file]!.sha256, found: hash)
      }
      try expect("files.\(file).bytes", manifest.files[file]!.bytes, is: data.count)
    }
    for entry in try BundleFolder.entries(of: folder) where !expected.contains(entry) {
      if entry != BundleFile.manifest { throw .unlistedFile(entry) }
    }
  }

  private func checkLimits() throws(DeploymentError) {
    let device = manifest.device
    let (limit, overflow) = device.memoryBytes.subtractingReportingOverflow(device.reservedBytes)
    try expect("device.arenaLimitBytes", device.arenaLimitBytes, is: overflow ? 0 : limit)
    try Self.checkLimits(manifest.memory, device)
  }

  static func checkLimits(_ memory: BundleManifest.Memory, _ device: BundleManifest.Device)
    throws(DeploymentError)
  {
    if memory.arenaBytes > device.arenaLimitBytes {
      throw .exceedsLimit(
        device: device.name, what: "arena", bytes: memory.arenaBytes, limitBytes: device.arenaLimitBytes)
    }
    if let flash = device.flashBytes, memory.weightBytes > flash {
      throw .exceedsLimit(
        device: device.name, what: "weights", bytes: memory.weightBytes, limitBytes: flash)
    }
  }

  // MARK: Content

  private struct ArchitectureDocument: Codable {
    let schemaVersion: Int
    let space: String
    let choices: [String: String]
  }

  private func checkContent() throws(DeploymentError) {
    let hasModel = manifest.artifacts.contains(.onnx)
    let model = hasModel ? try checkModel() : nil
    guard manifest.artifacts.contains(.json) else { return }
    let document = try BundleJSON.decode(
      ArchitectureDocument.self, from: try read(BundleFile.architecture), file: BundleFile.architecture)
    try expect("origin.space", manifest.origin.space, is: document.space)
    let architecture = Architecture(space: document.space, choices: document.choices)
    guard manifest.origin.candidate.hasPrefix("\(architecture.key) | ") else {
      throw .wrongFigure(
        key: "origin.candidate", expected: "\(architecture.key) | …", found: manifest.origin.candidate)
    }
    let schedule = try BundleJSON.decode(
      BundleSchedule.self, from: try read(BundleFile.schedule), file: BundleFile.schedule)
    let plan = try BundleJSON.decode(
      ArenaPlan.self, from: try read(BundleFile.memoryPlan), file: BundleFile.memoryPlan)
    try expect("memory.arenaBytes", manifest.memory.arenaBytes, is: plan.arenaBytes)
    try expect("memory.unpaddedArenaBytes", manifest.memory.unpaddedArenaBytes, is: plan.unpaddedArenaBytes)
    try expect("device.alignment", manifest.device.alignment, is: plan.alignment)
    if let model { try check(schedule, plan, against: model) }
  }

  /// The scheduling graph of model.onnx, after everything that the model says of itself was checked.
  private func checkModel() throws(DeploymentError) -> Graph {
    let model: ONNXModel
    let graph: Graph
    do {
      model = try ONNXModel.load(from: folder.appendingPathComponent(BundleFile.model))
      graph = try model.schedulingGraph().graph
    } catch {
      throw .model(error)
    }
    let properties = ModelMetadata.properties(
      origin: manifest.origin, device: manifest.device.name, arenaBytes: manifest.memory.arenaBytes,
      peakBytes: manifest.memory.peakBytes, input: manifest.preprocessing,
      scheduleHash: manifest.files[BundleFile.schedule]?.sha256)
    let found = model.metadata
    for (key, expected) in properties.sorted(by: { $0.key < $1.key }) where found[key] != expected {
      throw .wrongMetadata(key: key, expected: expected, found: found[key])
    }
    try expect("producer.name", manifest.producer.name, is: model.producer.name)
    try expect("producer.version", manifest.producer.version, is: model.producer.version)
    try expect(
      "memory.modelOrderPeakBytes", manifest.memory.modelOrderPeakBytes, is: try Self.orderPeak(of: graph))
    try expect(
      "preprocessing.inputName", [manifest.preprocessing.inputName], is: graph.inputs.map { graph[$0].name })
    try expect(
      "preprocessing.shape", [manifest.preprocessing.shape], is: graph.inputs.map { graph[$0].shape })
    try expect("output.outputName", [manifest.output.outputName], is: graph.outputs.map { graph[$0].name })
    try expect("output.shape", [manifest.output.shape], is: graph.outputs.map { graph[$0].shape })
    return graph
  }

  /// The live peak of a model's own node order: views, in-place, no workspace.
  static func orderPeak(of graph: Graph) throws(DeploymentError) -> Int {
    do {
      return try MemoryProblem(graph: graph, model: MemoryModel()).evaluate(graph.operatorIDs).peak.bytes
    } catch {
      throw .scheduleMismatch(reason: "the node order of the model cannot be run: \(error)")
    }
  }

  private func check(_ schedule: BundleSchedule, _ plan: ArenaPlan, against model: Graph)
    throws(DeploymentError)
  {
    let graph = try PlannedOperators(model: model, schedule: schedule).graph
    // Far above any arena, far below what sums of bytes could overflow.
    let largest = min(plan.arenaBytes, 1 << 60)
    if let entry = schedule.operators.first(where: { $0.workspaceBytes < 0 || $0.workspaceBytes > largest }) {
      throw .kernelSchedule(
        reason: "the workspace of '\(entry.name)', \(entry.workspaceBytes) bytes, does not fit the arena")
    }
    var rules = MemoryModel(
      inPlace: schedule.memoryModel.inplace, views: schedule.memoryModel.views,
      workspaceBytes: schedule.operators.map(\.workspaceBytes))
    rules.elidedConcats = try elidedConcats(of: schedule, in: graph, views: rules.views)
    do {
      try PlanValidator.validate(plan, graph: graph, model: rules, order: graph.operatorIDs)
    } catch {
      throw .invalidPlan(error)
    }
    let peak: MemoryPeak
    let livePeakBytes: Int
    do {
      peak = try MemoryProblem(graph: graph, model: rules).evaluate(graph.operatorIDs).peak
      var bare = rules
      bare.workspaceBytes = []
      livePeakBytes = try MemoryProblem(graph: graph, model: bare).evaluate(graph.operatorIDs).peak
        .bytes
    } catch {
      throw .scheduleMismatch(reason: "\(error)")
    }
    try checkWeights(of: schedule, against: graph)
    try expect("memory.inplace", manifest.memory.inplace, is: rules.inPlace)
    try expect("memory.views", manifest.memory.views, is: rules.views)
    try expect("memory.peakBytes", manifest.memory.peakBytes, is: peak.bytes)
    try expect("memory.peakStep.bytes", manifest.memory.peakStep.bytes, is: peak.bytes)
    try expect("memory.peakStep.operatorName", manifest.memory.peakStep.operatorName, is: peak.operatorName)
    try expect("memory.livePeakBytes", manifest.memory.livePeakBytes, is: livePeakBytes)
  }

  /// The Concats that a schedule elides.
  private func elidedConcats(
    of schedule: BundleSchedule, in graph: Graph, views: Bool
  ) throws(DeploymentError) -> Set<OperatorID> {
    guard let names = schedule.memoryModel.elidedConcats else { return [] }
    var result: Set<OperatorID> = []
    for name in names {
      guard let id = graph.operatorIDs.first(where: { graph[$0].name == name }) else {
        throw .scheduleMismatch(reason: "the elided Concat '\(name)' is no operator")
      }
      result.insert(id)
    }
    do throws(SchedulingError) {
      try ConcatElision.verify(result, graph, views: views)
    } catch {
      throw .scheduleMismatch(reason: "\(error)")
    }
    return result
  }

  /// Kernels store the weights of model.onnx as they are, or packed, then in at least as many bytes.
  private func checkWeights(of schedule: BundleSchedule, against graph: Graph) throws(DeploymentError) {
    var counted: Set<TensorID> = []
    var stored = 0
    for (id, entry) in zip(graph.operatorIDs, schedule.operators) {
      let weights = graph[id].inputs.filter { graph[$0].role == .weight && counted.insert($0).inserted }
      let least = weights.reduce(0) { $0 + graph[$1].byteCount }
      let (sum, overflow) = stored.addingReportingOverflow(entry.weightBytes)
      guard !overflow, entry.algorithm.packsWeights ? entry.weightBytes >= least : entry.weightBytes == least
      else {
        throw .kernelSchedule(
          reason: "the weights of '\(entry.name)' have \(least) bytes, not \(entry.weightBytes)")
      }
      stored = sum
    }
    try expect("memory.weightBytes", manifest.memory.weightBytes, is: stored)
  }
}
