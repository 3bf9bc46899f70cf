import ComputationGraph
import Deployment
import Foundation
import Foundations
import ONNXInterchange
import TestSupport
import Testing

/// Tampering of every kind ends in an error that names what was changed.
@Suite struct BundleVerifierTests {
  private func failure(after change: (URL) throws -> Void) throws -> DeploymentError? {
    var result: DeploymentError?
    try SampleBundle.withFolder { folder in
      try BundleWriter.write(SampleBundle.content(), to: folder)
      try change(folder)
      result = #expect(throws: DeploymentError.self) { try BundleVerifier.verify(folder) }
    }
    return result
  }

  /// Activations that ONNX spells out in nodes and constants of their own.
  @Test(arguments: [
    ElementwiseFunction.clip(minimum: 0, maximum: 6), .hardSwish, .silu, .sigmoid, .gelu,
    .leakyRelu(slope: 0.1),
  ])
  func everyActivationIsVerified(function: ElementwiseFunction) throws {
    for fusion in FusionLevel.allCases {
      try SampleBundle.withFolder { folder in
        try BundleWriter.write(
          SampleBundle.content(fusion: fusion, activation: .elementwise(function)), to: folder)
        _ = try BundleVerifier.verify(folder)
      }
    }
  }

  private func edit(_ file: String, in folder: URL, _ change: (inout Data) throws -> Void) throws {
    let url = folder.appendingPathComponent(file)
    var data = try Data(contentsOf: url)
    try change(&data)
    try data.write(to: url)
  }

  private func replace(_ old: String, by new: String, in file: String, of folder: URL) throws {
    try edit(file, in: folder) { data in
      let text = String(decoding: data, as: UTF8.self)
      try #require(text.contains(old), "\(file) contains \(old)")
      data = Data(text.replacing(old, with: new, maxReplacements: 1).utf8)
    }
  }

  /// Changes a file and then makes its hash, and the manifest's checksum, right again: what remains must be found by
  /// looking at the content.
  private func forge(_ file: String, in folder: URL, _ change: (inout Data) throws -> Void) throws {
    let url = folder.appendingPathComponent(file)
    let before = try hash(of: url)
    let size = try Data(contentsOf: url).count
    try edit(file, in: folder, change)
    let after = try hash(of: url)
    let newSize = try Data(contentsOf: url).count
    try forgeManifest(in: folder) { text in
      text = text.replacing(before, with: after)
      // The entry's size stands right before its hash.
      text = text.replacing(
        "\"bytes\" : \(size),\n      \"sha256\" : \"\(after)\"",
        with: "\"bytes\" : \(newSize),\n      \"sha256\" : \"\(after)\"")
    }
  }

  private func forgeManifest(in folder: URL, _ change: (inout String) throws -> Void) throws {
    let url = folder.appendingPathComponent("manifest.json")
    var text = try String(contentsOf: url, encoding: .utf8)
    let field = /"checksum" : "[0-9a-f]*"/
    try change(&text)
    text = text.replacing(field, with: "\"checksum\" : \"\"")
    try Data(text.utf8).write(to: url)
    text = text.replacing(field, with: "\"checksum\" : \"\(try hash(of: url))\"")
    try Data(text.utf8).write(to: url)
  }

  /// By another program than the one under test.
  private func hash(of url: URL) throws -> String {
    let output = try PythonEnvironment.run("sha256.py", [url.path])
    return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test func hashesAreSHA256() throws {
    try SampleBundle.withFolder { folder in
      let manifest = try BundleWriter.write(SampleBundle.content(), to: folder)
      #expect(manifest.files.count == 5)
      for (name, file) in manifest.files {
        #expect(try hash(of: folder.appendingPathComponent(name)) == file.sha256)
      }
    }
  }

  @Test(arguments: ["model.onnx", "architecture.json", "schedule.json", "memory-plan.json", "README.md"])
  func everyChangedByteIsFound(_ file: String) throws {
    let error = try failure { folder in
      try edit(file, in: folder) { $0[$0.count / 2] ^= 1 }
    }
    guard case .wrongHash(file, _, _) = error else {
      Issue.record("\(file): \(String(describing: error))")
      return
    }
  }

  @Test func changedManifest() throws {
    let error = try failure { try replace("0.9101", by: "0.9901", in: "manifest.json", of: $0) }
    guard case .wrongHash("manifest.json", _, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(
      try failure { try edit("manifest.json", in: $0) { $0.append(0x20) } }
        == .notCanonical(file: "manifest.json"))
    let version = try failure {
      try replace("\"schemaVersion\" : 1", by: "\"schemaVersion\" : 9", in: "manifest.json", of: $0)
    }
    #expect("\(version!)".contains("version 9 is unknown"))
    let cut = try failure { try edit("manifest.json", in: $0) { $0.removeLast(40) } }
    #expect(cut == .json(JSONFileError(source: "manifest.json", reason: "not valid JSON")))
  }

  @Test(arguments: ["model.onnx", "architecture.json", "schedule.json", "memory-plan.json", "README.md"])
  func missingFiles(_ file: String) throws {
    let error = try failure { try FileManager.default.removeItem(at: $0.appendingPathComponent(file)) }
    #expect(error == .missingFile(file))
  }

  @Test func missingManifestAndForeignFiles() throws {
    let none = try failure {
      try FileManager.default.removeItem(at: $0.appendingPathComponent("manifest.json"))
    }
    guard case .notABundle = none else {
      Issue.record("\(String(describing: none))")
      return
    }
    let foreign = try failure { try Data().write(to: $0.appendingPathComponent("extra.bin")) }
    #expect(foreign == .unlistedFile("extra.bin"))
  }

  @Test func forgedSchedule() throws {
    // Two neighbours change places: the model keeps its own order.
    let swapped = try failure { folder in
      try forge("schedule.json", in: folder) { data in
        let text = String(decoding: data, as: UTF8.self)
        data = Data(
          text.replacing("\"name\" : \"stem\"", with: "\"name\" : \"other\"", maxReplacements: 1).utf8)
      }
    }
    guard case .wrongMetadata("tandem.schedule.sha256", _, _) = swapped else {
      Issue.record("\(String(describing: swapped))")
      return
    }
  }

  @Test func forgedPlan() throws {
    let overlap = try failure { folder in
      try forge("memory-plan.json", in: folder) { data in
        let text = String(decoding: data, as: UTF8.self)
        data = Data(text.replacing(/"offset" : [0-9]+/, with: "\"offset\" : 0").utf8)
      }
    }
    guard case .invalidPlan = overlap else {
      Issue.record("\(String(describing: overlap))")
      return
    }
    let size = try failure { folder in
      try forge("memory-plan.json", in: folder) { data in
        let text = String(decoding: data, as: UTF8.self)
        data = Data(text.replacing(/"arenaBytes" : [0-9]+/, with: "\"arenaBytes\" : 64").utf8)
      }
    }
    guard case .wrongFigure("memory.arenaBytes", "64", _) = size else {
      Issue.record("\(String(describing: size))")
      return
    }
  }

  @Test func forgedArchitecture() throws {
    let error = try failure { folder in
      try forge("architecture.json", in: folder) { data in
        data = Data(String(decoding: data, as: UTF8.self).replacing("\"a\"", with: "\"b\"").utf8)
      }
    }
    guard case .wrongFigure("origin.candidate", _, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func forgedModelOrder() throws {
    // The nodes in another valid order: everything else in the file is as it was.
    let error = try failure { folder in
      try forge("model.onnx", in: folder) { data in
        let model = try ONNXModel(data: data, source: "model.onnx")
        let graph = try model.schedulingGraph().graph
        try #require(graph.kahnOrder() != graph.operatorIDs)
        data = try model.reordered(by: graph.kahnOrder())
      }
    }
    switch error {
    case .scheduleMismatch(let reason): #expect(reason.contains("in the model"))
    case .wrongFigure("memory.modelOrderPeakBytes", _, _): break
    default: Issue.record("\(String(describing: error))")
    }
  }

  @Test func forgedModelNodes() throws {
    let renamed = try failure { folder in
      try forge("model.onnx", in: folder) { data in
        var proto = try ONNXModel(data: data, source: "model.onnx").proto
        proto.graph.node[1].name = "other"
        data = try proto.serializedData()
      }
    }
    guard case .scheduleMismatch(let reason) = renamed else {
      Issue.record("\(String(describing: renamed))")
      return
    }
    #expect(reason.hasPrefix("node 1 is 'other' in the model, '"))

    let retyped = try failure { folder in
      try forge("model.onnx", in: folder) { data in
        var proto = try ONNXModel(data: data, source: "model.onnx").proto
        let index = try #require(proto.graph.node.firstIndex { $0.opType == "AveragePool" })
        proto.graph.node[index].opType = "MaxPool"
        data = try proto.serializedData()
      }
    }
    guard case .scheduleMismatch(let reason) = retyped else {
      Issue.record("\(String(describing: retyped))")
      return
    }
    #expect(reason.contains("(AveragePool) cannot consist of the nodes [\"MaxPool\"]"))
  }

  @Test func forgedMetadata() throws {
    let error = try failure { folder in
      try forge("model.onnx", in: folder) { data in
        var proto = try ONNXModel(data: data, source: "model.onnx").proto
        proto.metadataProps.removeAll { $0.key == "tandem.input.mean" }
        data = try proto.serializedData()
      }
    }
    #expect(error == .wrongMetadata(key: "tandem.input.mean", expected: "0.286", found: nil))
  }

  @Test(arguments: [
    ("peakBytes", "memory.peakBytes"), ("livePeakBytes", "memory.livePeakBytes"),
    ("modelOrderPeakBytes", "memory.modelOrderPeakBytes"), ("weightBytes", "memory.weightBytes"),
    ("unpaddedArenaBytes", "memory.unpaddedArenaBytes"), ("arenaLimitBytes", "device.arenaLimitBytes"),
  ])
  func forgedFigures(_ name: String, _ key: String) throws {
    let error = try failure { folder in
      try forgeManifest(in: folder) { text in
        text = text.replacing(try Regex("\"\(name)\" : [0-9]+"), with: "\"\(name)\" : 12")
      }
    }
    switch error {
    case .wrongFigure(key, _, "12"): break
    case .wrongMetadata("tandem.peakBytes", "12", _): #expect(name == "peakBytes")
    default: Issue.record("\(String(describing: error))")
    }
  }

  @Test func forgedLimit() throws {
    let error = try failure { folder in
      try forgeManifest(in: folder) { text in
        text = text.replacing("\"arenaLimitBytes\" : 61440", with: "\"arenaLimitBytes\" : 904")
        text = text.replacing("\"memoryBytes\" : 65536", with: "\"memoryBytes\" : 5000")
      }
    }
    guard case .exceedsLimit("sample-board", "arena", _, 904) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
