import ComputationGraph
import Deployment
import Devices
import Foundation
import Foundations
import Kernels
import MemoryPlanning
import ONNXInterchange
import ScheduleTuning
import SearchSpaces
import TestSupport
import Testing

@Suite struct BundleWriterTests {
  private func names(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test(arguments: FusionLevel.allCases, ["rpo", "file", "hmcos"])
  func writesWhatVerifies(_ fusion: FusionLevel, _ scheduler: String) throws {
    try SampleBundle.withFolder { folder in
      let content = try SampleBundle.content(fusion: fusion, scheduler: scheduler)
      let manifest = try BundleWriter.write(content, to: folder)
      #expect(try BundleVerifier.verify(folder) == manifest)
      #expect(
        try names(folder) == [
          "README.md", "architecture.json", "manifest.json", "memory-plan.json", "model.onnx",
          "schedule.json",
        ])
      #expect(try names(folder.deletingLastPathComponent()) == ["bundle"], "nothing is left beside it")
      let network = content.network
      #expect(manifest.memory.peakBytes == network.peak.bytes)
      #expect(
        manifest.memory.peakBytes > manifest.memory.livePeakBytes, "workspace is in one of them")
      #expect(manifest.memory.arenaBytes == network.arena.arenaBytes)
      #expect(manifest.device.arenaLimitBytes == 61440)
      #expect(manifest.accuracy == content.accuracy)

      let schedule = try Data(contentsOf: folder.appendingPathComponent("schedule.json"))
      let table = try JSONFile.decode(KernelScheduleTable.self, from: schedule, source: "schedule.json")
      #expect(
        try table.schedules(for: network.graph) == network.schedules, "it is a kernel schedule table too")
      let plan = try Data(contentsOf: folder.appendingPathComponent("memory-plan.json"))
      #expect(try JSONFile.decode(ArenaPlan.self, from: plan, source: "memory-plan.json") == network.arena)

      let readme = try String(contentsOf: folder.appendingPathComponent("README.md"), encoding: .utf8)
      for text in ["sample-board", "0.9101", "test split", "PRIORITY_BASED", "\(network.arena.arenaBytes)"] {
        #expect(readme.contains(text))
      }
    }
  }

  @Test func equalContentGivesEqualBytes() throws {
    try SampleBundle.withFolder { folder in
      let first = try BundleWriter.write(SampleBundle.content(), to: folder)
      let second = try BundleWriter.write(SampleBundle.content(), to: folder)
      #expect(first == second)
    }
  }

  @Test func anEarlierBundleIsReplacedAndNothingElse() throws {
    try SampleBundle.withFolder { folder in
      var content = try SampleBundle.content()
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try BundleWriter.write(content, to: folder)
      content.trialID = 8
      try BundleWriter.write(content, to: folder, artifacts: [.onnx])
      #expect(try BundleVerifier.verify(folder).origin.trial == 8)
      #expect(try names(folder) == ["README.md", "manifest.json", "model.onnx"])

      let note = folder.appendingPathComponent("notes.txt")
      try Data("mine".utf8).write(to: note)
      #expect(throws: DeploymentError.destinationInUse(path: folder.path, entry: "notes.txt")) {
        try BundleWriter.write(content, to: folder)
      }
      #expect(try names(folder) == ["README.md", "manifest.json", "model.onnx", "notes.txt"])
      #expect(try names(folder.deletingLastPathComponent()) == ["bundle"])
    }
  }

  @Test func foldersAndFilesInUseAreKept() throws {
    try SampleBundle.withFolder { folder in
      let content = try SampleBundle.content()
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data("mine".utf8).write(to: folder.appendingPathComponent("thesis.tex"))
      #expect(throws: DeploymentError.destinationInUse(path: folder.path, entry: "thesis.tex")) {
        try BundleWriter.write(content, to: folder)
      }
      let file = folder.appendingPathComponent("thesis.tex")
      #expect(
        throws: DeploymentError.file(
          .cannotCreateFolder(path: file.path, reason: "a file of that name exists"))
      ) { try BundleWriter.write(content, to: file) }
      #expect(try Data(contentsOf: file) == Data("mine".utf8))
      let below = file.appendingPathComponent("bundle")
      #expect(throws: DeploymentError.self) { try BundleWriter.write(content, to: below) }
    }
  }

  @Test func partsCanBeChosen() throws {
    try SampleBundle.withFolder { folder in
      let manifest = try BundleWriter.write(SampleBundle.content(), to: folder, artifacts: [.json])
      #expect(manifest.artifacts == [.json])
      #expect(
        try names(folder) == [
          "README.md", "architecture.json", "manifest.json", "memory-plan.json", "schedule.json",
        ])
      try BundleVerifier.verify(folder)
    }
  }

  @Test func plansOverTheLimitAreRefused() throws {
    try SampleBundle.withFolder { folder in
      var content = try SampleBundle.content()
      let arena = content.network.arena.arenaBytes
      content.device = DeviceProfile(
        name: "tiny", title: "", description: "", memoryBytes: arena + 99, reservedBytes: 100)
      #expect(
        throws: DeploymentError.exceedsLimit(
          device: "tiny", what: "arena", bytes: arena, limitBytes: arena - 1)
      ) { try BundleWriter.write(content, to: folder) }
      content.device = DeviceProfile(
        name: "tiny", title: "", description: "", memoryBytes: arena, flashBytes: 16)
      #expect(
        throws: DeploymentError.exceedsLimit(
          device: "tiny", what: "weights", bytes: content.network.weightBytes, limitBytes: 16)
      ) { try BundleWriter.write(content, to: folder) }
      #expect(!FileManager.default.fileExists(atPath: folder.path))
      #expect(try names(folder.deletingLastPathComponent()).isEmpty)
    }
  }

  @Test func missingWeightsAreNamed() throws {
    try SampleBundle.withFolder { folder in
      var content = try SampleBundle.content()
      content.weights["logits.bias"] = [1]
      let error = #expect(throws: DeploymentError.self) { try BundleWriter.write(content, to: folder) }
      #expect("\(error!)".contains("'logits.bias'"))
    }
  }

  private struct Found: Decodable {
    let nodes: [String]
    let executed: [String]
    let images: Int
    let livePeakBytes: Int
    let metadata: [String: String]
  }

  /// The reloaded bundle computes in ONNX Runtime what our executor computes in the planned arena.
  @Test(arguments: FusionLevel.allCases, TensorLayout.allCases)
  func runtimeAgreesWithTheExecutor(_ fusion: FusionLevel, _ layout: TensorLayout) throws {
    try SampleBundle.withFolder { folder in
      let optimization = fusion == .none ? "none" : "all"
      let content = try SampleBundle.content(
        fusion: fusion, scheduler: "rpo", rowTile: .rows(3), layout: layout)
      let manifest = try BundleWriter.write(content, to: folder)
      _ = try BundleVerifier.verify(folder)
      var generator = SeededGenerator(seed: 23)
      let count = 200
      let size = manifest.preprocessing.shape.elementCount
      let images = (0..<count * size).map { _ in Float(generator.nextNormal()) }
      let files = ["images.f32", "logits.f32"].map {
        folder.deletingLastPathComponent().appendingPathComponent($0)
      }
      try images.withUnsafeBytes { try Data($0).write(to: files[0]) }
      let answer = try PythonEnvironment.run(
        "check_bundle.py",
        [
          folder.path, "--images", files[0].path, "--count", "\(count)", "--logits", files[1].path,
          "--optimization", optimization,
        ])
      let found = try JSONDecoder().decode(Found.self, from: answer)
      #expect(found.images == count)
      #expect(found.livePeakBytes == manifest.memory.modelOrderPeakBytes, "by an implementation of its own")
      if optimization == "none" { #expect(found.executed == found.nodes) }
      #expect(found.metadata["tandem.device"] == "sample-board")

      let logits = try Data(contentsOf: files[1]).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
      let network = content.network
      #expect(network.graph.operators.contains { $0.addend != nil } == [.residual, .concat].contains(fusion))
      let executor = try network.executor(
        weights: network.inference.convert(content.weights), threads: 1, mode: .checked)
      var worst: Float = 0
      var largest: Float = 0
      for image in 0..<count {
        let expected = try executor.run(Array(images[image * size..<(image + 1) * size]))
        let computed = logits[image * expected.count..<(image + 1) * expected.count]
        worst = max(worst, zip(expected, computed).map { abs($0 - $1) }.max()!)
        largest = max(largest, expected.map(abs).max()!)
      }
      #expect(worst <= 1e-4 * largest, "\(worst) of \(largest)")
    }
  }
}
