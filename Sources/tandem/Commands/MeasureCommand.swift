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
    abstract: "Runs a network in a planned arena: latency, and memory as measured.",
    discussion: """
      Batch norms are folded, activations and sums fused, Concats elided, operators ordered for the lowest peak with the kernels' workspace. One \
      run watches every byte of the arena; the figure for it is what that run touched. Of a run directory the best bundle is measured, \
      under its own schedule.

      EXAMPLE
        tandem measure model.onnx
        tandem measure model.onnx --threads 2 --repeat 100 --format json
        tandem measure model.onnx --time-limit 60s
        tandem measure model.onnx --input image.npy --output logits.npy
        tandem measure stripped.onnx --random-weights --seed 7
        tandem measure runs/first --device mcu-256k
      """)

  @Argument(
    help: "A model with static shapes, float32, or a run directory.", completion: .file(extensions: ["onnx"]))
  var model: String
  @Option(help: "The device of a run directory; needed where it has several bundles.") var device: String?
  @Option(help: "The threads that may share an operator (default: the device's, or 1).") var threads: Int?
  @Option(help: "The samples that count.") var `repeat` = 30
  @Option(
    help:
      "Output rows that a convolution gathers at once: a number, whole, or fit for the fastest kernel of each operator (default)."
  )
  var rowTile: String?
  @Option(
    help: "Kernel schedules to use: a bundle's schedule.json.", completion: .file(extensions: ["json"]))
  var schedule: String?
  @Option(help: "Tune the kernels of --row-tile fit before, for at most so long, such as 60s.")
  var timeLimit: String?
  @Option(
    help: "The schedule database for --row-tile fit (default: in the user's data folder).",
    completion: .file())
  var database: String?
  @Flag(help: "Fill weights whose values are missing with random ones.") var randomWeights = false
  @Option(help: "The seed of random weights, and of the input where none is given.") var seed: UInt64 = 0
  @Option(help: "The values of the model's input (float32).", completion: .file(extensions: ["npy"]))
  var input: String?
  @Option(help: "Where to write the values of the model's output.", completion: .file(extensions: ["npy"]))
  var output: String?
  @OptionGroup var format: FormatOption

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be between 1 and 1024")
    }
    if !(1...100_000).contains(`repeat`) { throw ValidationError("--repeat must be between 1 and 100000") }
    if let rowTile, RowTile(text: rowTile) == nil {
      throw ValidationError("--row-tile: '\(rowTile)' is no number of rows, 'whole' or 'fit'")
    }
    if schedule != nil, rowTile != nil { throw ValidationError("give --schedule or --row-tile, not both") }
    if let timeLimit {
      if DurationText.parse(timeLimit) == nil {
        throw ValidationError("--time-limit: '\(timeLimit)' is no duration; write 10s, 500ms or 2min")
      }
      if schedule != nil || rowTile.map({ RowTile(text: $0) != .fit }) ?? false {
        throw ValidationError("--time-limit is for tuning, which only --row-tile fit has a use for")
      }
    }
    if output != nil, input == nil { throw ValidationError("--output needs --input") }
  }

  func run() throws {
    if let output { try checkOutput(output) }
    let source = try loadSource()
    let known = randomWeights && source.missingWeightCount > 0 ? nil : try source.weights()
    let values = try input.map { try readInput($0, of: source.graph) }
    if output != nil, source.graph.outputs.count != 1 {
      throw ExitStatus.badInput("--output: \(model) has \(source.graph.outputs.count) outputs, not one")
    }

    let planning = MeasurePlanning(
      source: source, name: model, threads: threads ?? source.device?.threads ?? 1,
      rowTile: rowTile.flatMap(RowTile.init(text:)), scheduleFile: schedule,
      tuningTime: timeLimit.flatMap(DurationText.parse), seed: seed
    ) { try ScheduleDatabase(at: database.map { URL(typed: $0) } ?? ScheduleDatabase.defaultLocation()) }
    let planned = try planning.plan()
    var generator = SeededGenerator(seed: seed)
    let weights = known ?? source.weights(completedBy: .random(for: source.graph, using: &generator))
    let graph = planned.graph
    let inputs = values.map { [graph.inputs[0]: $0] } ?? graph.randomInputs(using: &generator)
    let meter = LatencyMeter(policy: MeasurementPolicy(repeats: `repeat`), threads: planning.threads)
    let measurement = try meter.measurement(
      of: planned, weights: planned.inference.convert(weights), inputs: inputs)

    if let output, let result = graph.outputs.first {
      let array = NumPyArray(shape: graph[result].shape.dimensions, values: measurement.outputs[result] ?? [])
      try AtomicFile.write(array.encoded, to: URL(typed: output))
    }
    let report = MeasurementReport(
      model: model, planned, measurement, target: meter.target,
      randomWeights: known == nil ? source.missingWeightCount : 0)
    try format.print(report) { report.table() }
    guard report.measuredArenaBytes == report.arenaBytes else {
      throw ExitStatus.failure(
        "the run touched \(report.measuredArenaBytes) bytes of an arena planned with \(report.arenaBytes)")
    }
  }

  private func loadSource() throws -> MeasuredSource {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: model, isDirectory: &isFolder), isFolder.boolValue {
      return try MeasuredSource(run: model, device: device)
    }
    if device != nil { throw ExitStatus.badInput("--device is for run directories, and \(model) is none") }
    return try MeasuredSource(model: model)
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
}
