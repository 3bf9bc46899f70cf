import ComputationGraph
import Devices
import Kernels
import MemoryPlanning
import SearchSpaces

/// From a network and a scheduling policy to a plan, in stages of rising cost.
///
///     let bounded = try NetworkPlanner.bound(training: graph, policy: candidate.policy)
///     guard bounded.trivialBound.bytes <= device.arenaLimitBytes else { … }
///     let planned = try NetworkPlanner.plan(bounded, alignment: device.alignment)
///
/// A policy whose row tile is `fit` has a third stage, ``KernelFit``, which needs the device's limit and latencies.
///
/// Deterministic: equal networks, policies, limits and latencies give equal plans.
public enum NetworkPlanner {
  /// Fuses, chooses kernel schedules, and bounds the peak from below.
  ///
  /// - Parameters:
  ///   - training: the network in training form.
  ///   - threads: what the device has; kernels that are over too soon for it use one.
  ///   - convertsBoundary: whether inputs and outputs stay NCHW, whatever the policy's layout.
  /// - Precondition: `threads` is positive.
  /// - Throws: ``PlanningError`` if fusion breaks a rule of the graph or the policy's scheduler does not exist.
  /// - Complexity: linear in the graph, but for fusion.
  public static func bound(
    training: Graph, policy: SchedulingPolicy, threads: Int = 1, convertsBoundary: Bool = true
  ) throws(PlanningError) -> BoundedNetwork {
    _ = try scheduler(of: policy)
    let inference: InferenceGraph
    do {
      inference = try InferenceGraph(
        training, fusion: policy.fusion, layout: policy.layout, convertsBoundary: convertsBoundary)
    } catch {
      throw .graph(error)
    }
    let graph = inference.graph
    let schedules = graph.operatorIDs.map { id in
      switch policy.rowTile {
      case .rows(let rows): KernelSchedule.choose(for: id, in: graph, rowTile: rows, threads: threads)
      case .whole: KernelSchedule.choose(for: id, in: graph, rowTile: nil, threads: threads)
      case .fit: KernelSchedule.leastOption(for: id, in: graph, threads: threads)
      }
    }
    return BoundedNetwork(
      policy: policy, inference: inference, schedules: schedules, threads: threads)
  }

  /// Orders the operators with the policy's scheduler, gives every buffer an offset, and validates the plan.
  ///
  /// Under ``RowTile/fit`` every kernel has the workspace that ``BoundedNetwork`` says.
  ///
  /// - Parameters:
  ///   - alignment: every offset is a multiple of this many bytes.
  ///   - timeLimit: for ordering alone; plans that it cuts short differ from run to run. nil for none.
  /// - Throws: ``PlanningError``.
  public static func plan(
    _ bounded: BoundedNetwork, alignment: Int, timeLimit: Duration? = nil
  ) throws(PlanningError) -> PlannedNetwork {
    let scheduler = try scheduler(of: bounded.policy)
    let schedule: Schedule
    do {
      schedule = try scheduler.schedule(bounded.problem, timeLimit: timeLimit)
    } catch {
      throw .scheduling(error)
    }
    return try place(
      bounded, schedule: schedule, alignment: alignment, trivialBound: bounded.trivialBound)
  }

  /// The plan for a device: as ``plan(_:alignment:)``, and under ``RowTile/fit`` with the fastest kernels for its
  /// memory, by the latencies of single operators.
  ///
  /// A network that does not fit the device with the smallest workspaces is planned with those.
  ///
  /// - Parameters:
  ///   - database: holds tuning records and latencies (``KernelCandidates``); latencies that are missing are measured now and
  ///     frozen in it.
  ///   - refines: whether the network is run to choose again among kernels that are close (``NetworkRefinement``). Takes
  ///     some hundred runs, and the plan is then as reproducible as their times.
  /// - Throws: ``PlanningError``; `KernelError` if an operator cannot be run; the database's own errors.
  public static func plan(
    _ bounded: BoundedNetwork, for device: DeviceProfile, database: any LatencyDatabase,
    refines: Bool = false
  ) throws -> PlannedNetwork {
    let least = try plan(bounded, alignment: device.alignment)
    guard bounded.policy.rowTile == .fit, least.arena.arenaBytes <= device.arenaLimitBytes else {
      return least
    }
    let meter = LatencyMeter(device: device)
    let candidates = KernelCandidates(meter: meter, database: database)
    let fit = try KernelFit(
      least, arenaLimitBytes: device.arenaLimitBytes, weightLimitBytes: device.flashBytes,
      candidates: candidates.options(in: bounded.graph))
    var costs: [OperatorID: [Double]] = [:]
    for (id, options) in fit.openChoices {
      costs[id] = try candidates.milliseconds(of: id, in: bounded.graph, under: options)
    }
    let planned = try fit.plan(costs: costs)
    return refines
      ? try NetworkRefinement(fit, costs: costs).plan(after: planned, by: meter) : planned
  }

  /// The plan under kernel schedules that are given.
  ///
  /// - Parameters:
  ///   - schedules: one for each operator of `bounded`, by operator index, which applies to it.
  ///   - order: how the operators run; nil for the order that the policy's scheduler finds.
  ///   - timeLimit: for ordering alone; nil for none.
  /// - Throws: ``PlanningError``.
  public static func plan(
    _ bounded: BoundedNetwork, schedules: [KernelSchedule], order: [OperatorID]? = nil, alignment: Int,
    timeLimit: Duration? = nil
  ) throws(PlanningError) -> PlannedNetwork {
    let given = BoundedNetwork(
      policy: bounded.policy, inference: bounded.inference, schedules: schedules, threads: bounded.threads)
    guard let order else { return try plan(given, alignment: alignment, timeLimit: timeLimit) }
    let name = try scheduler(of: bounded.policy).name
    let schedule: Schedule
    do throws(SchedulingError) {
      schedule = try Schedule(order: order, problem: given.problem, scheduler: name)
    } catch {
      throw .scheduling(error)
    }
    return try place(given, schedule: schedule, alignment: alignment, trivialBound: given.trivialBound)
  }

  /// Gives every buffer of an ordered network an offset and validates the plan.
  static func place(
    _ bounded: BoundedNetwork, schedule: Schedule, alignment: Int, trivialBound: TrivialBound
  ) throws(PlanningError) -> PlannedNetwork {
    let arena: ArenaPlan
    let livePeakBytes: Int
    do {
      arena = try ArenaAllocator().allocate(
        bounded.problem, order: schedule.order, alignment: alignment)
      var model = bounded.model
      model.workspaceBytes = []
      livePeakBytes = try MemoryProblem(graph: bounded.graph, model: model)
        .evaluate(schedule.order).peak.bytes
    } catch {
      throw .scheduling(error)
    }
    do {
      try PlanValidator.validate(arena, graph: bounded.graph, model: bounded.model, order: schedule.order)
    } catch {
      throw .invalidPlan(error)
    }
    let workload = Workload(
      graph: bounded.graph, order: schedule.order, schedules: bounded.schedules, arena: arena)
    return PlannedNetwork(
      policy: bounded.policy, inference: bounded.inference, schedules: bounded.schedules,
      threads: bounded.threads,
      model: bounded.model,
      schedule: schedule, arena: arena, trivialBound: trivialBound,
      livePeakBytes: livePeakBytes, workloadKey: workload.key)
  }

  static func scheduler(of policy: SchedulingPolicy) throws(PlanningError) -> any OperatorScheduler {
    guard let name = SchedulerName(rawValue: policy.scheduler) else {
      throw .unknownScheduler(name: policy.scheduler, known: SchedulerName.allCases.map(\.rawValue))
    }
    return name.scheduler
  }
}
