import ArgumentParser
import ComputationGraph
import Devices
import ExperimentStore
import Foundation
import Foundations
import Kernels
import MemoryPlanning
import ONNXInterchange
import Reporting
import ScheduleTuning
import SearchSpaces

/// `tandem measure`.
struct MeasureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure",
    abstract: "Runs an ONNX model in a planned arena: latency, and memory as measured.",
    discussion: """
      Batch norms are folded, activations fused, operators ordered for the lowest peak with the kernels' workspace. One \
      run watches every byte of the arena; the figure for it is what that run touched.

      EXAMPLE
        tandem measure model.onnx
        tandem measure model.onnx --threads 2 --repeat 100 --format json
        tandem measure model.onnx --input image.npy --output logits.npy
        tandem measure stripped.onnx --random-weights --seed 7
      """)

  @Argument(help: "A model with static shapes, float32.", completion: .file(extensions: ["onnx"]))
  var model: String
  @Option(help: "The threads that matrix products may use.") var threads = 1
  @Option(help: "The samples that count.") var `repeat` = 30
  @Option(
    help:
      "Output rows that a convolution gathers at once: a number, whole, or fit for the fastest of each operator."
  )
  var rowTile = RowTile.fit.text
  @Option(
    help: "The schedule database for --row-tile fit (default: in the user's data folder).",
    completion: .file())
  var database: String?
  @Flag(help: "Fill weights whose values the file lacks with random ones.") var randomWeights = false
  @Option(help: "The seed of random weights, and of the input where none is given.") var seed: UInt64 = 0
  @Option(help: "The values of the model's input (float32).", completion: .file(extensions: ["npy"]))
  var input: String?
  @Option(help: "Where to write the values of the model's output.", completion: .file(extensions: ["npy"]))
  var output: String?
  @OptionGroup var format: FormatOption

  /// How long to look for a better order.
  private static let orderingTime = Duration.seconds(10)
  /// Of every offset, in bytes.
  private static let alignment = 64

  func validate() throws {
    if !(1...1024).contains(threads) { throw ValidationError("--threads must be between 1 and 1024") }
    if !(1...100_000).contains(`repeat`) { throw ValidationError("--repeat must be between 1 and 100000") }
    if RowTile(text: rowTile) == nil {
      throw ValidationError("--row-tile: '\(rowTile)' is no number of rows, 'whole' or 'fit'")
    }
    if output != nil, input == nil { throw ValidationError("--output needs --input") }
  }

  func run() throws {
    if let output { try checkOutput(output) }
    let executable = try ONNXModel.load(from: URL(typed: model)).executable()
    let known = randomWeights ? nil : try executable.storedWeights()
    let values = try input.map { try readInput($0, of: executable.graph) }
    if output != nil, executable.graph.outputs.count != 1 {
      throw ExitStatus.badInput("--output: \(model) has \(executable.graph.outputs.count) outputs, not one")
    }

    let planned = try plan(executable.graph)
    var generator = SeededGenerator(seed: seed)
    let weights =
      known ?? executable.weights(completedBy: .random(for: executable.graph, using: &generator))
    let graph = planned.graph
    let inputs = values.map { [graph.inputs[0]: $0] } ?? graph.randomInputs(using: &generator)
    let meter = LatencyMeter(policy: MeasurementPolicy(repeats: `repeat`), threads: threads)
    let measurement = try meter.measurement(
      of: planned, weights: planned.inference.convert(weights), inputs: inputs)

    if let output, let result = graph.outputs.first {
      let array = NumPyArray(shape: graph[result].shape.dimensions, values: measurement.outputs[result] ?? [])
      try AtomicFile.write(array.encoded, to: URL(typed: output))
    }
    let report = MeasurementReport(
      model: model, planned, measurement, target: meter.target,
      randomWeights: known == nil ? executable.missingWeights.count : 0)
    try format.print(report) { report.table() }
    guard report.measuredArenaBytes == report.arenaBytes else {
      throw ExitStatus.failure(
        "the run touched \(report.measuredArenaBytes) bytes of an arena planned with \(report.arenaBytes)")
    }
  }

  private func plan(_ graph: Graph) throws -> PlannedNetwork {
    let policy = SchedulingPolicy(
      fusion: .activation, scheduler: SchedulerName.exact.rawValue, rowTile: RowTile(text: rowTile) ?? .fit)
    let bounded = try NetworkPlanner.bound(training: graph, policy: policy, threads: threads)
    try checkMemory(arenaBytes: bounded.trivialBound.bytes, weightBytes: bounded.weightBytes)
    let planned =
      policy.rowTile == .fit
      ? try planFastest(bounded)
      : try NetworkPlanner.plan(bounded, alignment: Self.alignment, timeLimit: Self.orderingTime)
    try checkMemory(arenaBytes: planned.arena.arenaBytes, weightBytes: planned.weightBytes)
    return planned
  }

  /// The plan in which every operator has its fastest kernel: that for a device whose memory nothing exceeds.
  private func planFastest(_ bounded: BoundedNetwork) throws -> PlannedNetwork {
    let device = DeviceProfile(
      name: "unlimited", title: "", description: "", memoryBytes: Int.max / 4, threads: threads,
      alignment: Self.alignment)
    return try NetworkPlanner.plan(
      bounded, for: device,
      database: ScheduleDatabase(at: database.map { URL(typed: $0) } ?? ScheduleDatabase.defaultLocation()))
  }

  private func readInput(_ file: String, of graph: Graph) throws -> [Float] {
    guard graph.inputs.count == 1 else {
      throw ExitStatus.badInput("--input: \(model) has \(graph.inputs.count) inputs, not one")
    }
    let array = try NumPyArray(data: AtomicFile.read(URL(typed: file)), source: file)
    let expected = graph[graph.inputs[0]]
    guard array.shape == expected.shape.dimensions else {
      throw ExitStatus.badInput(
        "--input: \(file) has the shape \(TensorShape(array.shape)), but the model's input '\(expected.name.quoted)' "
          + "is \(expected.shape)")
    }
    return array.values
  }

  private func checkOutput(_ output: String) throws {
    let target = URL(typed: output).resolvingSymlinksInPath().standardizedFileURL
    for (name, file) in [("the model", model), ("--input", input ?? "")] where !file.isEmpty {
      if URL(typed: file).resolvingSymlinksInPath().standardizedFileURL == target {
        throw ExitStatus.badInput("--output: \(output) is \(name) itself")
      }
    }
    try AtomicFile.checkWritable(URL(typed: output))
  }

  /// Finds out before anything large is allocated whether it can be: weights are held as read, folded and packed, and
  /// the watched arena with a copy and its notes.
  private func checkMemory(arenaBytes: Int, weightBytes: Int) throws {
    let available = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    let (needed, overflow) = (arenaBytes + weightBytes).multipliedReportingOverflow(by: 3)
    guard !overflow, needed < available else {
      throw ExitStatus.badInput(
        "\(model): arena and weights take \(ByteCount.describe(arenaBytes + weightBytes)), running them three times as "
          + "much; this machine has \(ByteCount.describe(available))")
    }
  }
}
