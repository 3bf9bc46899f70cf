import Foundation
import Testing

/// Help, and mistakes on purpose: one clear line, exit code 2, nothing written.
@Suite(.serialized) struct UsageTests {
  @Test(arguments: [
    [], ["search"], ["status"], ["report"], ["export"], ["evaluate"], ["train"], ["schedule"], ["tune"],
    ["measure"],
    ["space"],
    ["space", "list"],
    ["space", "describe"], ["space", "sample"], ["device"], ["device", "list"], ["device", "show"],
    ["doctor"],
  ])
  func everyVerbHasHelpWithAnExample(verb: [String]) throws {
    let result = try Executable.run(verb + ["--help"])
    #expect(result.status == 0 && result.output.contains("EXAMPLE\n"))
    #expect(result.errors.isEmpty)
  }

  @Test(arguments: [
    (["--verison"], "Unknown option"), (["serch"], "serch"), (["search"], "Missing expected argument"),
    (["search", "missing.yaml"], "missing.yaml"),
    (["search", "Experiments/fashion-mnist.yaml", "--trials", "0"], "--trials must be at least 1"),
    (["search", "Experiments/fashion-mnist.yaml", "--resume"], "--resume needs --output"),
    (["search", "README.md"], "README.md"), (["status", "Sources"], "Sources holds no run"),
    (["report", "nowhere"], "nowhere holds no run"), (["export", "--verify", "Sources"], "no manifest.json"),
    (["schedule", "README.md"], "README.md"), (["schedule", "missing.onnx"], "missing.onnx"),
    (["measure", "README.md"], "README.md"), (["measure", "missing.onnx"], "missing.onnx"),
    (["measure", "missing.onnx", "--threads", "0"], "--threads"),
    (["measure", "missing.onnx", "--repeat", "0"], "--repeat"),
    (["measure", "missing.onnx", "--row-tile", "all"], "--row-tile"),
    (["measure", "missing.onnx", "--output", "y.npy"], "--output needs --input"),
    (["measure", "missing.onnx", "--device", "mcu-256k"], "missing.onnx"),
    (["measure", "Sources"], "Sources holds no run"),
    (["measure", "missing.onnx", "--schedule", "a.json", "--row-tile", "4"], "--row-tile"),
    (["measure", "missing.onnx", "--row-tile", "4", "--time-limit", "1s"], "--time-limit"),
    (["measure", "missing.onnx", "--time-limit", "soon"], "--time-limit"),
    (["tune", "README.md"], "README.md"), (["tune", "missing.yaml"], "missing.yaml"),
    (["tune", "missing.onnx"], "missing.onnx"), (["tune", "missing.onnx", "--trials", "0"], "--trials"),
    (["tune", "missing.onnx", "--threads", "1", "--device", "mcu-256k"], "not both"),
    (["tune", "missing.onnx", "--time-limit", "-1s"], "--time-limit"),
    (["device", "show", "mcu-256"], "mcu-256k"), (["space", "describe", "missing.yaml"], "missing.yaml"),
    (["space", "sample", "SearchSpaces/nasbench201.yaml", "--count", "-1"], "--count"),
  ])
  func mistakesAreNamed(arguments: [String], expected: String) throws {
    let result = try Executable.run(arguments)
    #expect(result.status == 2, "\(result)")
    #expect(result.errors.contains(expected), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test(arguments: [
    ("devices: [", "devises: [", "did you mean 'devices'"),
    ("budget: {trials: 14}", "budget: {trials: many}", "trials"),
    ("seed: 3", "seed: -3", "seed"), ("schemaVersion: 1", "schemaVersion: 9", "schemaVersion"),
    ("epochs: 1", "epochs: .nan", "epochs"), ("batchSize: 64", "batchSize: 33", "batchSize"),
  ])
  func mistakesInAnExperimentNameTheLine(right: String, wrong: String, expected: String) throws {
    let small = try SmallExperiment(devices: "[mcu-128k]")
    defer { small.scratch.remove() }
    let text = try small.text("small.yaml")
    #expect(text.contains(right))
    let file = try small.scratch.write(text.replacing(right, with: wrong), to: "wrong.yaml")
    let result = try Executable.run(["search", file, "--output", small.scratch.path("run")])
    #expect(result.status == 2)
    #expect(
      result.errors.contains(#/wrong\.yaml:\d+: /#) && result.errors.contains(expected), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: small.scratch.path("run")))
  }

  @Test func damagedDataSetsAreNamed() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let missing = try SmallExperiment(dataset: "  directory: \(scratch.path("none"))")
    defer { missing.scratch.remove() }
    let result = try missing.search("run")
    #expect(result.status == 2 && result.errors.contains("none"), "\(result.errors)")

    for name in [
      "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
      "t10k-labels-idx1-ubyte",
    ] {
      try Data([0, 0, 8, 3, 0, 0]).write(to: scratch.url.appendingPathComponent(name))
    }
    let damaged = try SmallExperiment(dataset: "  directory: \(scratch.url.path)")
    defer { damaged.scratch.remove() }
    let truncated = try damaged.search("run")
    #expect(
      truncated.status == 2 && truncated.errors.contains("train-images-idx3-ubyte"), "\(truncated.errors)")
    #expect(!FileManager.default.fileExists(atPath: damaged.scratch.path("run")))
  }

  @Test func outputThatCannotBeWrittenIsAnError() throws {
    let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
    let process = try Executable.start(["device", "list"], output: full, errors: FileHandle.nullDevice)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 1)
  }

  @Test func jsonStandsAloneOnStandardOutput() throws {
    for arguments in [
      ["space", "list"], ["space", "describe", "SearchSpaces/darts.yaml"],
      ["space", "sample", "SearchSpaces/darts.yaml", "--count", "5", "--input", "3x32x32"],
      ["device", "list"],
      ["device", "show", "mcu-128k"], ["doctor"],
    ] {
      let result = try Executable.run(arguments + ["--format", "json"])
      #expect(result.status == 0, "\(arguments): \(result.errors)")
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(result.output.utf8)) }
    }
  }
}
