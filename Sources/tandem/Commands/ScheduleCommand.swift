import ArgumentParser
import Devices
import Foundation
import Foundations
import MemoryPlanning
import ONNXInterchange
import Reporting

extension SchedulerName: ExpressibleByArgument {}

/// `tandem schedule`.
struct ScheduleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule",
    abstract: "Orders the operators of an ONNX model so that it needs little memory.",
    discussion: """
      Activations only: weights live elsewhere, and kernels' scratch memory is not known here. The live peak counts views \
      and in-place reuse unless switched off.

      EXAMPLE
        tandem schedule model.onnx --memory-limit 256KiB
        tandem schedule model.onnx --output reordered.onnx --plan plan.json
        tandem schedule model.onnx --rewrite --output smaller.onnx --plot memory.svg
      """)

  @Argument(help: "A model with static shapes.", completion: .file(extensions: ["onnx"]))
  var model: String
  @Option(help: "How to order.") var scheduler: SchedulerName = .standard
  @Flag(help: "Divide convolutions among the inputs of a Concat, and elide Concats, where that saves memory.")
  var rewrite = false
  @Flag(help: "Element-wise operators never overwrite an input.") var noInplace = false
  @Flag(help: "Reshape and its kin copy.") var noViews = false
  @Option(help: "The memory that the arena must fit, such as 256KiB.") var memoryLimit: String?
  @Option(help: "A device profile whose limit the arena must fit.") var device: String?
  @Option(help: "Where to write the model with its nodes reordered.", completion: .file()) var output: String?
  @Option(help: "Where to write the memory plan (JSON).", completion: .file()) var plan: String?
  @Option(help: "Where to draw live memory step by step, before and after (SVG).", completion: .file())
  var plot: String?
  @Option(help: "Alignment of every offset, in bytes.") var alignment = 64
  @Option(
    help:
      "How long to search, such as 10s or 500ms; the answer is then the best order and the bound known by then."
  )
  var timeLimit: String?
  @OptionGroup var format: FormatOption

  func validate() throws {
    if memoryLimit != nil, device != nil {
      throw ValidationError("give --memory-limit or --device, not both")
    }
    if let timeLimit, DurationText.parse(timeLimit) == nil {
      throw ValidationError("--time-limit: '\(timeLimit)' is no duration; write 10s, 500ms or 2min")
    }
    if !(1...65_536).contains(alignment) { throw ValidationError("--alignment must be between 1 and 65536") }
  }

  func run() throws {
    let limit = try memoryAndReserve()
    try checkFiles()
    let request = ScheduledModel.Request(
      scheduler: scheduler, memory: MemoryModel(inPlace: !noInplace, views: !noViews), rewrites: rewrite,
      timeLimit: timeLimit.flatMap(DurationText.parse), alignment: alignment)
    let loaded = try ONNXModel.load(from: URL(typed: model))
    let scheduled = try ScheduledModel(loaded, request)
    let report = ScheduleReport(model: model, scheduled, limit: limit)

    if let output { try AtomicFile.write(scheduled.reordered, to: URL(typed: output)) }
    if let plan { try AtomicFile.write(JSONFile.encode(scheduled.arena), to: URL(typed: plan)) }
    if let plot {
      let chart = MemoryTimelineChart(
        title: URL(typed: model).lastPathComponent, before: scheduled.baseline,
        after: scheduled.schedule.profile, scheduler: report.scheduler, boundBytes: report.lowerBoundBytes,
        limitBytes: limit.map { $0.memoryBytes - $0.reservedBytes })
      try AtomicFile.write(Data(chart.svg().utf8), to: URL(typed: plot))
    }
    if let output, loaded.hasExternalData, folder(of: output) != folder(of: model) {
      Console.note(
        "note: \(output) refers to files with weights that lie beside \(model): put it there to run it")
    }
    try format.print(report) { report.table(profile: scheduled.schedule.profile) }

    if let limit, report.infeasible {
      let available = limit.memoryBytes - limit.reservedBytes
      Console.error(
        "the arena of \(ByteCount.describe(report.arenaBytes)) is over the limit of \(ByteCount.describe(available))"
          + (report.provedInfeasible
            ? "; no order can fit: the lower bound is \(ByteCount.describe(report.lowerBoundBytes))"
            : "; that no order fits is not proved (lower bound \(ByteCount.describe(report.lowerBoundBytes)))")
      )
      throw ExitStatus.infeasible
    }
  }

  /// Finds out before any work is done whether the files can be written, each without another one being lost.
  private func checkFiles() throws {
    let source = URL(typed: model).resolvingSymlinksInPath().standardizedFileURL
    var option: [URL: String] = [:]
    for (name, file) in [("--output", output), ("--plan", plan), ("--plot", plot)] {
      guard let file else { continue }
      let url = URL(typed: file).resolvingSymlinksInPath().standardizedFileURL
      if url == source, name != "--output" {
        throw ExitStatus.badInput("\(name): \(file) is the model itself")
      }
      if let other = option.updateValue(name, forKey: url) {
        throw ExitStatus.badInput("\(other) and \(name) name the same file, \(file)")
      }
      try AtomicFile.checkWritable(URL(typed: file))
    }
  }

  private func folder(of file: String) -> URL {
    URL(typed: file).resolvingSymlinksInPath().standardizedFileURL.deletingLastPathComponent()
  }

  private func memoryAndReserve() throws -> (memoryBytes: Int, reservedBytes: Int)? {
    if let memoryLimit {
      guard let bytes = ByteCount.parse(memoryLimit), bytes > 0 else {
        throw ExitStatus.badInput("--memory-limit: '\(memoryLimit)' is no size; write 262144, 256KiB or 1MiB")
      }
      return (bytes, 0)
    }
    guard let device else { return nil }
    let profile = try DeviceCatalog(folder: URL(typed: "Experiments/Devices"))
      .find(device, relativeTo: URL(typed: "."))
    return (profile.memoryBytes, profile.reservedBytes)
  }
}
