import ComputationGraph
import Kernels
import MemoryPlanning
import SearchSpaces

/// The most memory that one operator needs by itself: a lower bound of the peak under every order.
public struct TrivialBound: Hashable, Sendable {
  /// Inputs, outputs and workspace of that operator, less what it may overwrite.
  public let bytes: Int
  /// The operator's name; empty for a graph without operators.
  public let operatorName: String
}

/// A network under a scheduling policy before its operators are ordered: fused, kernels chosen, bounded from below.
/// Cheap; enough to reject a candidate that fits no device.
///
/// Under ``RowTile/fit`` every kernel has the smallest workspace of those that store no more weights than there are. What is
/// over a limit then is over it with all others only if ``hasSmallestWorkspaces``.
public struct BoundedNetwork: Sendable {
  /// The policy.
  public let policy: SchedulingPolicy
  /// The inference form of the network.
  public let inference: InferenceGraph
  /// The kernel schedule of each operator, by operator index.
  public let schedules: [KernelSchedule]
  /// The threads of the device that it is planned for.
  public let threads: Int
  /// Storages and readers under a model with the workspace of ``schedules``.
  public let problem: MemoryProblem
  /// What one operator needs by itself.
  public let trivialBound: TrivialBound

  /// Works out workspaces and the bound.
  ///
  /// - Complexity: linear in the graph.
  init(
    policy: SchedulingPolicy, inference: InferenceGraph, schedules: [KernelSchedule], threads: Int
  ) {
    let graph = inference.graph
    let workspaceBytes = graph.operatorIDs.map { schedules[$0.index].workspaceBytes(for: $0, in: graph) }
    self.policy = policy
    self.inference = inference
    self.schedules = schedules
    self.threads = threads
    problem = MemoryProblem(
      graph: graph,
      model: MemoryModel(
        workspaceBytes: workspaceBytes,
        elidedConcats: policy.fusion == .concat
          ? ConcatElision.together(ConcatElision.candidates(graph), graph) : []))
    let bound = MemoryBound.trivial(problem)
    trivialBound = TrivialBound(
      bytes: bound.bytes, operatorName: bound.operatorID.map { graph[$0].name } ?? "")
  }

  /// Whether no kernel that the policy may choose has a smaller workspace than the one in ``schedules``.
  ///
  /// - Complexity: linear in the graph and the options of its operators.
  public var hasSmallestWorkspaces: Bool {
    policy.rowTile != .fit
      || graph.operatorIDs.allSatisfy { id in
        KernelSchedule.fittedOptions(for: id, in: graph, threads: threads)[0].workspaceBytes(
          for: id, in: graph)
          == schedules[id.index].workspaceBytes(for: id, in: graph)
      }
  }

  /// The graph that is scheduled and run.
  public var graph: Graph { inference.graph }
  /// The rules of memory, with the workspace of every kernel.
  public var model: MemoryModel { problem.model }
  /// Bytes of all weights of the inference form as the kernels store them: what counts against flash.
  public var weightBytes: Int { graph.storedWeightBytes(under: schedules).reduce(0, +) }
}
