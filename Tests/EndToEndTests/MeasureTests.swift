import Foundation
import Foundations
import TestSupport
import Testing

/// `tandem measure`: models really run, with the outputs of ONNX Runtime and the memory that was planned.
@Suite(.serialized) struct MeasureTests {
  private struct Job: Encodable {
    let model: String
    let input: String
    let output: String
  }

  /// What is checked of the JSON that `tandem measure` prints.
  private struct Report: Decodable {
    struct Latency: Decodable {
      let min, median, p90, mean: Double
      let repeats, warmup: Int
      let noisy: Bool
    }
    struct Target: Decodable {
      let cpu, vectorExtension, blas: String
    }
    struct Operator: Decodable {
      let name: String
      let milliseconds: Double
      let kernel: String
      let workspaceBytes: Int
    }
    let schemaVersion: Int
    let model: String
    let threads: Int
    let latencyMilliseconds: Latency
    let livePeakBytes, peakBytes, arenaBytes, measuredArenaBytes, weightBytes, randomWeights: Int
    let target: Target
    let operators: [Operator]
  }

  private static let brief = ["--repeat", "2", "--row-tile", "4", "--format", "json"]

  private func report(_ result: Executable.Result, of model: String) throws -> Report {
    #expect(result.status == 0 && result.errors.isEmpty, "\(model): \(result.errors)")
    let report = try JSONFile.decode(Report.self, from: Data(result.output.utf8), source: model)
    #expect(report.schemaVersion == 1 && report.model == model)
    #expect(report.measuredArenaBytes == report.arenaBytes, "\(model)")
    #expect(report.arenaBytes >= report.peakBytes && report.peakBytes >= report.livePeakBytes, "\(model)")
    let latency = report.latencyMilliseconds
    #expect(latency.min > 0 && latency.min <= latency.median && latency.median <= latency.p90, "\(model)")
    #expect(
      report.operators.allSatisfy { $0.milliseconds >= 0 && !$0.kernel.isEmpty && $0.workspaceBytes >= 0 })
    return report
  }

  /// The largest difference, relative to the largest value.
  private func difference(_ a: NumPyArray, _ b: NumPyArray) -> Float {
    guard a.shape == b.shape else { return .infinity }
    let scale = a.values.map(abs).max() ?? 0
    return (zip(a.values, b.values).map { abs($0 - $1) }.max() ?? 0) / max(scale, 1e-30)
  }

  private func array(_ path: String) throws -> NumPyArray {
    try NumPyArray(data: AtomicFile.read(URL(fileURLWithPath: path)), source: path)
  }

  private func expectReferenceOutput(_ model: String, input: String, output: String, in scratch: Scratch)
    throws
  {
    let found = scratch.path("found.npy")
    let result = try Executable.run(
      ["measure", model, "--input", input, "--output", found] + Self.brief)
    let report = try report(result, of: model)
    #expect(report.randomWeights == 0 && !report.operators.isEmpty)
    let difference = difference(try array(output), try array(found))
    #expect(difference <= 1e-4, "\(model): the outputs differ by \(difference)")
  }

  @Test func everyFormOfEveryOperatorComputesWhatONNXRuntimeDoes() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    _ = try PythonEnvironment.run("execution_models.py", [scratch.url.path])
    let models = try FileManager.default.contentsOfDirectory(atPath: scratch.url.path).filter {
      $0.hasSuffix(".onnx")
    }
    #expect(models.count >= 10)
    for model in models.sorted() {
      let stem = scratch.path(String(model.dropLast(5)))
      try expectReferenceOutput(
        "\(stem).onnx", input: "\(stem).input.npy", output: "\(stem).output.npy", in: scratch)
    }
  }

  @Test func publishedNetworksComputeWhatONNXRuntimeDoes() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let jobs = try ModelCorpus.publishedNetworks().map { name, model in
      let stem = scratch.path(name)
      try model.write(to: URL(fileURLWithPath: "\(stem).onnx"))
      return Job(model: "\(stem).onnx", input: "\(stem).input.npy", output: "\(stem).output.npy")
    }
    #expect(jobs.count >= 4)
    let list = scratch.url.appendingPathComponent("jobs.json")
    try JSONFile.encode(jobs).write(to: list)
    _ = try PythonEnvironment.run("reference_outputs.py", [list.path])
    for job in jobs {
      try expectReferenceOutput(job.model, input: job.input, output: job.output, in: scratch)
    }
  }

  /// Models of all kinds: each is run in full or refused by one line that names what is in the way.
  @Test func sampleModelsRunOrAreRefused() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let kinds = try ModelCorpus.sampleModels(in: scratch.url)
    var ran: [String] = []
    for model in kinds.values.joined() {
      let result = try Executable.run(["measure", model.path] + Self.brief)
      if result.status == 0 {
        _ = try report(result, of: model.path)
        ran.append(model.deletingPathExtension().lastPathComponent)
      } else {
        #expect(result.status == 2 && result.output.isEmpty, "\(model.lastPathComponent): \(result)")
        #expect(result.errors.hasPrefix("error: \(model.path): "), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
      }
    }
    #expect(ran.contains("single-node") && ran.contains("input-is-output"), "\(ran)")
  }

  /// The default: kernels by their measured latency. Records stay, so that the next plan is the same.
  @Test func theFastestKernelsAreChosenOnce() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let (name, model) = try #require(ModelCorpus.publishedNetworks().last)
    let file = scratch.path("\(name).onnx")
    try model.write(to: URL(fileURLWithPath: file))
    let arguments = [
      "measure", file, "--repeat", "3", "--threads", "2", "--database", scratch.path("db.sqlite"),
    ]
    let first = try report(Executable.run(arguments + ["--format", "json"]), of: file)
    let second = try report(Executable.run(arguments + ["--format", "json"]), of: file)
    #expect(first.threads == 2 && first.latencyMilliseconds.repeats == 3)
    #expect(first.operators.map(\.kernel) == second.operators.map(\.kernel))
    #expect(first.arenaBytes == second.arenaBytes)
    let table = try Executable.run(arguments)
    #expect(table.status == 0 && table.output.contains("arena, measured"))
  }

  @Test func mistakesAreNamed() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    _ = try PythonEnvironment.run("execution_models.py", [scratch.url.path])
    let model = scratch.path("windows.onnx")
    func write(_ shape: [Int], to name: String) throws -> String {
      let values = [Float](repeating: 0.5, count: shape.reduce(1, *))
      try NumPyArray(shape: shape, values: values).encoded.write(to: URL(fileURLWithPath: scratch.path(name)))
      return scratch.path(name)
    }
    let wrong = try write([1, 3, 14, 15], to: "wrong.npy")
    let right = scratch.path("windows.input.npy")
    let damaged = try scratch.write("\u{93}NUMPY", to: "damaged.npy")
    for (arguments, expected) in [
      (["--input", wrong], "1×3×14×15"), (["--input", damaged], "damaged.npy"),
      (["--input", scratch.path("missing.npy")], "missing.npy"), (["--input", model], "windows.onnx"),
      (["--input", right, "--output", right], "--input itself"),
      (["--input", right, "--output", model], "the model itself"),
      (["--input", right, "--output", scratch.path("none/out.npy")], "none/out.npy"),
    ] {
      let result = try Executable.run(["measure", model] + arguments + Self.brief)
      #expect(result.status == 2 && result.output.isEmpty, "\(arguments): \(result)")
      #expect(result.errors.contains(expected), "\(result.errors)")
    }
  }

  /// Public networks without weights, where they are there.
  @Test(
    .enabled(if: !ModelCorpus.publicGraphs().isEmpty, "the public graphs are not beside this package"),
    arguments: ["resnet18", "squeezenet1_1", "nb201_idx26", "nb201_idx6111_best_c10", "darts-cifar"])
  func publicNetworksRunWithRandomWeights(name: String) throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let url = try #require(
      ModelCorpus.publicGraphs().first { $0.deletingPathExtension().lastPathComponent == name })
    let refused = try Executable.run(["measure", url.path] + Self.brief)
    #expect(refused.status == 2 && refused.errors.contains("--random-weights"), "\(refused)")

    let size = ["resnet18", "squeezenet1_1"].contains(name) ? 224 : 32
    var generator = SeededGenerator(seed: 2)
    let values = (0..<3 * size * size).map { _ in Float.random(in: -1...1, using: &generator) }
    let input = scratch.path("image.npy")
    try NumPyArray(shape: [1, 3, size, size], values: values).encoded.write(to: URL(fileURLWithPath: input))
    var outputs: [[Float]] = []
    for seed in ["1", "1", "2"] {
      let file = scratch.path("\(outputs.count).npy")
      let arguments = ["--random-weights", "--seed", seed, "--input", input, "--output", file]
      let report = try report(Executable.run(["measure", url.path] + arguments + Self.brief), of: url.path)
      #expect(report.randomWeights > 0 && report.weightBytes > 0)
      outputs.append(try array(file).values)
    }
    #expect(outputs[0].allSatisfy(\.isFinite) && outputs[0].contains { $0 != 0 })
    #expect(outputs[0] == outputs[1] && outputs[0] != outputs[2], "weights are a function of the seed")
  }

  /// Every public network, or with TANDEM_ALL_GRAPHS unset those that have more than convolutions, batch norms and
  /// pools in them.
  private static let comparedNetworks: Set<String>? =
    ProcessInfo.processInfo.environment["TANDEM_ALL_GRAPHS"] != nil
    ? nil
    : [
      "condensenet74", "convnext_atto", "dpn68", "efficientnet_b0", "hrnet_w18_small", "mobilenet_v2",
      "mobilenetv3_large", "randwire3-c78-s0", "regnety_002", "shufflenet_v2_x1_0", "unetpp_resnet18",
      "vit_tiny_patch16_224",
    ]

  @Test(.enabled(if: !ModelCorpus.publicGraphs().isEmpty, "the public graphs are not beside this package"))
  func publicNetworksComputeWhatONNXRuntimeDoes() throws {
    struct Filling: Encodable {
      let source, model, input, output: String
    }
    let chosen = ModelCorpus.publicGraphs().filter {
      Self.comparedNetworks?.contains($0.deletingPathExtension().lastPathComponent) ?? true
    }
    #expect(chosen.count >= 12)
    for source in chosen {
      let scratch = try Scratch()
      defer { scratch.remove() }
      let filling = Filling(
        source: source.path, model: scratch.path("model.onnx"), input: scratch.path("input.npy"),
        output: scratch.path("output.npy"))
      let list = scratch.url.appendingPathComponent("jobs.json")
      try JSONFile.encode([filling]).write(to: list)
      _ = try PythonEnvironment.run("filled_models.py", [list.path])
      try expectReferenceOutput(filling.model, input: filling.input, output: filling.output, in: scratch)
    }
  }
}
