import ComputationGraph
import Deployment
import Devices
import Foundation
import Foundations
import Kernels
import MemoryPlanning
import ScheduleTuning
import SearchSpaces

/// How `tandem measure` gets from a network to a plan.
struct MeasurePlanning {
  let source: MeasuredSource
  /// The model or run as given, for errors.
  let name: String
  let threads: Int
  /// Nil where none was given.
  let rowTile: RowTile?
  /// A file of kernel schedules; nil for those of the source, or for the fastest.
  let scheduleFile: String?
  /// How long to tune before; nil for not at all.
  let tuningTime: Duration?
  let seed: UInt64
  /// Opens the schedule database.
  let database: () throws -> any TuningDatabase

  /// How long to look for a better order.
  private static let orderingTime = Duration.seconds(10)

  /// Of every offset, in bytes.
  private var alignment: Int { source.device?.alignment ?? 64 }

  /// The plan: under the schedule that was given, the bundle's own, a uniform row tile, or the fastest kernels.
  func plan() throws -> PlannedNetwork {
    let planned: PlannedNetwork
    if let scheduleFile {
      planned = try plan(under: ScheduleFile(file: scheduleFile), named: "--schedule: \(scheduleFile)")
    } else if let schedule = source.schedule, rowTile == nil, tuningTime == nil {
      planned = try plan(under: ScheduleFile(schedule), named: source.scheduleFile ?? name)
    } else {
      let bounded = try bound(
        fusion: source.schedule?.graph.fusion ?? .concat, rowTile ?? .fit,
        layout: source.schedule.map { ScheduleFile($0).layout } ?? .nchw)
      planned =
        bounded.policy.rowTile == .fit
        ? try planFastest(bounded)
        : try NetworkPlanner.plan(bounded, alignment: alignment, timeLimit: Self.orderingTime)
    }
    try checkMemory(arenaBytes: planned.arena.arenaBytes, weightBytes: planned.weightBytes)
    return planned
  }

  private func bound(
    fusion: FusionLevel, _ rowTile: RowTile, layout: TensorLayout = .nchw
  ) throws -> BoundedNetwork {
    let policy = SchedulingPolicy(
      fusion: fusion, scheduler: SchedulerName.exact.rawValue, rowTile: rowTile, layout: layout)
    let bounded = try NetworkPlanner.bound(training: source.graph, policy: policy, threads: threads)
    try checkMemory(arenaBytes: bounded.trivialBound.bytes, weightBytes: bounded.weightBytes)
    return bounded
  }

  /// The plan under kernel schedules from a file.
  private func plan(under file: ScheduleFile, named place: String) throws -> PlannedNetwork {
    let bounded = try bound(fusion: file.fusion ?? .activation, .fit, layout: file.layout)
    let graph = bounded.graph
    let schedules: [KernelSchedule]
    do throws(KernelScheduleTableError) {
      schedules = try file.table.schedules(for: graph)
    } catch {
      throw ExitStatus.badInput("\(place): \(error)")
    }
    for id in graph.operatorIDs where schedules[id.index].threads > threads {
      throw ExitStatus.badInput(
        "\(place): operator '\(graph[id].name)' is scheduled for \(schedules[id.index].threads) threads; "
          + "--threads allows \(threads)")
    }
    let numbers = Dictionary(graph.operatorIDs.map { (graph[$0].name, $0) }, uniquingKeysWith: { $1 })
    let order = file.table.operators.compactMap { numbers[$0.name] }
    guard graph.isValidOrder(order) else {
      throw ExitStatus.badInput("\(place): the operators do not stand in an order in which they can run")
    }
    return try NetworkPlanner.plan(bounded, schedules: schedules, order: order, alignment: alignment)
  }

  /// The plan in which every operator has its fastest kernel: that for a device whose memory nothing exceeds, unless the source
  /// has one.
  private func planFastest(_ bounded: BoundedNetwork) throws -> PlannedNetwork {
    let database = try database()
    if let tuningTime {
      Interruption.install()
      let session = TuningSession(
        database: database, threads: threads, options: TuningOptions(seed: seed),
        deadline: ContinuousClock.now + tuningTime, showsProgress: true)
      if try session.tune(WorkloadCensus(of: [bounded.graph], threads: threads)).wasInterrupted {
        throw ExitStatus(
          code: ExitStatus.Code.interrupted,
          message: "interrupted; everything that was measured is stored, and the same command continues")
      }
    }
    let device = DeviceProfile(
      name: source.device?.name ?? "unlimited", title: "", description: "",
      memoryBytes: source.device?.arenaLimitBytes ?? Int.max / 4, flashBytes: source.device?.flashBytes,
      threads: threads, alignment: alignment)
    return try NetworkPlanner.plan(bounded, for: device, database: database)
  }

  /// Finds out before anything large is allocated whether it can be: weights are held as read, folded and packed, and
  /// the watched arena with a copy and its notes.
  private func checkMemory(arenaBytes: Int, weightBytes: Int) throws {
    let available = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    let (needed, overflow) = (arenaBytes + weightBytes).multipliedReportingOverflow(by: 3)
    guard !overflow, needed < available else {
      throw ExitStatus.badInput(
        "\(name): arena and weights take \(ByteCount.describe(arenaBytes + weightBytes)), running them three times as "
          + "much; this machine has \(ByteCount.describe(available))")
    }
  }
}

/// The kernel schedules of a file: a bundle's schedule.json, or the operator level alone.
private struct ScheduleFile {
  let table: KernelScheduleTable
  /// How far operators were fused for it; nil if the file does not say.
  let fusion: FusionLevel?

  /// How images between operators lie in memory: as any operator says that does not write NCHW.
  var layout: TensorLayout { table.operators.lazy.compactMap(\.layout).first ?? .nchw }

  private struct GraphLevel: Decodable {
    struct Content: Decodable { let fusion: FusionLevel }
    let graph: Content?
  }

  init(_ schedule: BundleSchedule) {
    table = KernelScheduleTable(operators: schedule.operators)
    fusion = schedule.graph.fusion
  }

  init(file: String) throws {
    let data = try AtomicFile.read(URL(typed: file))
    table = try JSONFile.decode(KernelScheduleTable.self, from: data, source: file)
    fusion = try JSONFile.decode(GraphLevel.self, from: data, source: file).graph?.fusion
  }
}
