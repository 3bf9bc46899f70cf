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
      """)

  @Argument(help: "A model with static shapes.", completion: .file(extensions: ["onnx"]))
  var model: String
  @Option(help: "How to order.") var scheduler: SchedulerName = .standard
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
    var option: [String: String] = [:]
    for (name, file) in [("--output", output), ("--plan", plan), ("--plot", plot)] {
      guard let file else { continue }
      if let other = option.updateValue(name, forKey: file) {
        throw ValidationError("\(other) and \(name) name the same file")
      }
    }
    if let timeLimit, DurationText.parse(timeLimit) == nil {
      throw ValidationError("--time-limit: '\(timeLimit)' is no duration; write 10s, 500ms or 2min")
    }
    if !(1...65_536).contains(alignment) { throw ValidationError("--alignment must be between 1 and 65536") }
  }

  func run() throws {
    let limit = try memoryAndReserve()
    let imported = try ONNXModel.load(from: URL(typed: model))
    let (graph, nodeIndices) = try imported.schedulingGraph()
    let problem = MemoryProblem(graph: graph, model: MemoryModel(inPlace: !noInplace, views: !noViews))

    let (schedule, forcedPassageBytes, seconds) = try scheduled(problem)
    let baseline = try? problem.evaluate(graph.operatorIDs)
    let arena = try GreedyBySizeAllocator().allocate(problem, order: schedule.order, alignment: alignment)
    try PlanValidator.validate(arena, graph: graph, model: problem.model, order: schedule.order)

    let report = ScheduleReport(
      model: model, schedule: schedule, problem: problem, arena: arena, nodeIndices: nodeIndices,
      baseline: baseline, forcedPassageBytes: forcedPassageBytes, limit: limit, seconds: seconds)
    if let output { try AtomicFile.write(imported.reordered(by: schedule.order), to: URL(typed: output)) }
    if let plan { try AtomicFile.write(JSONFile.encode(arena), to: URL(typed: plan)) }
    if let plot {
      let chart = MemoryTimelineChart(
        title: URL(typed: model).lastPathComponent, before: baseline, after: schedule.profile,
        scheduler: schedule.scheduler, boundBytes: report.lowerBoundBytes,
        limitBytes: limit.map { $0.memoryBytes - $0.reservedBytes })
      try AtomicFile.write(Data(chart.svg().utf8), to: URL(typed: plot))
    }
    try format.print(report) { report.table(profile: schedule.profile) }

    if let limit, report.infeasible {
      let available = limit.memoryBytes - limit.reservedBytes
      Console.error(
        "the arena of \(ByteCount.describe(arena.arenaBytes)) is over the limit of \(ByteCount.describe(available))"
          + (report.provedInfeasible
            ? "; no order can fit: the lower bound is \(ByteCount.describe(report.lowerBoundBytes))"
            : "; that no order fits is not proved (lower bound \(ByteCount.describe(report.lowerBoundBytes)))")
      )
      throw ExitStatus.infeasible
    }
  }

  /// The schedule, the forced-passage bound, and the time that scheduling took (for other schedulers than `exact`,
  /// which needs the bound, that of the bound is not part of it).
  private func scheduled(_ problem: MemoryProblem) throws
    -> (Schedule, forcedPassageBytes: Int, seconds: Double)
  {
    let timeLimit = timeLimit.flatMap(DurationText.parse)
    let start = ContinuousClock.now
    if scheduler == .exact {
      let (schedule, certificate) = try ExactScheduler().certifiedSchedule(problem, timeLimit: timeLimit)
      return (schedule, certificate.initialBound.bytes, (ContinuousClock.now - start) / .seconds(1))
    }
    let schedule = try scheduler.scheduler.schedule(problem, timeLimit: timeLimit)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let bound = MemoryBound.forcedPassage(problem, orders: [schedule.order]).bytes
    return (schedule.proving(lowerBytes: bound), bound, seconds)
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
