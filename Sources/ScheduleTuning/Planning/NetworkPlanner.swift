import ComputationGraph
import Kernels
import MemoryPlanning
import SearchSpaces

/// From a network and a scheduling policy to a plan, in two stages of rising cost.
///
///     let bounded = try NetworkPlanner.bound(training: graph, policy: candidate.policy)
///     guard bounded.trivialBound.bytes <= device.arenaLimitBytes else { … }
///     let planned = try NetworkPlanner.plan(bounded, alignment: device.alignment)
///
/// Deterministic: equal networks and policies give equal plans.
public enum NetworkPlanner {
  /// Fuses, chooses kernel schedules, and bounds the peak from below.
  ///
  /// - Parameter training: the network in training form.
  /// - Throws: ``PlanningError`` if fusion breaks a rule of the graph or the policy's scheduler does not exist.
  /// - Complexity: linear in the graph, but for fusion.
  public static func bound(training: Graph, policy: SchedulingPolicy) throws(PlanningError) -> BoundedNetwork
  {
    _ = try scheduler(of: policy)
    let inference: InferenceGraph
    do { inference = try InferenceGraph(training, fusion: policy.fusion) } catch { throw .graph(error) }
    let graph = inference.graph
    let schedules = graph.operatorIDs.map {
      KernelSchedule.choose(for: $0, in: graph, rowTile: policy.rowTile)
    }
    let workspaceBytes = graph.operatorIDs.map { schedules[$0.index].workspaceBytes(for: $0, in: graph) }
    let problem = MemoryProblem(graph: graph, model: MemoryModel(workspaceBytes: workspaceBytes))
    let bound = MemoryBound.trivial(problem)
    return BoundedNetwork(
      policy: policy, inference: inference, schedules: schedules, problem: problem,
      trivialBound: TrivialBound(
        bytes: bound.bytes, operatorName: bound.operatorID.map { graph[$0].name } ?? ""))
  }

  /// Orders the operators with the policy's scheduler, gives every buffer an offset (greedy by size), and validates
  /// the plan.
  ///
  /// - Parameter alignment: every offset is a multiple of this many bytes.
  /// - Throws: ``PlanningError``.
  public static func plan(_ bounded: BoundedNetwork, alignment: Int) throws(PlanningError) -> PlannedNetwork {
    let scheduler = try scheduler(of: bounded.policy)
    let schedule: Schedule
    let arena: ArenaPlan
    let livePeakBytes: Int
    do {
      schedule = try scheduler.schedule(bounded.problem)
      arena = try GreedyBySizeAllocator().allocate(
        bounded.problem, order: schedule.order, alignment: alignment)
      livePeakBytes = try MemoryProblem(graph: bounded.graph, model: MemoryModel())
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
      model: bounded.model,
      schedule: schedule, arena: arena, trivialBound: bounded.trivialBound,
      livePeakBytes: livePeakBytes, workloadKey: workload.key)
  }

  private static func scheduler(of policy: SchedulingPolicy) throws(PlanningError) -> any OperatorScheduler {
    guard let name = SchedulerName(rawValue: policy.scheduler) else {
      throw .unknownScheduler(name: policy.scheduler, known: SchedulerName.allCases.map(\.rawValue))
    }
    return name.scheduler
  }
}
