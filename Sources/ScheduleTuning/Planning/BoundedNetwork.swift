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
public struct BoundedNetwork: Sendable {
  /// The policy.
  public let policy: SchedulingPolicy
  /// The inference form of the network.
  public let inference: InferenceGraph
  /// The kernel schedule of each operator, by operator index.
  public let schedules: [KernelSchedule]
  /// Storages and readers under a model with the workspace of ``schedules``.
  public let problem: MemoryProblem
  /// What one operator needs by itself.
  public let trivialBound: TrivialBound

  /// The graph that is scheduled and run.
  public var graph: Graph { inference.graph }
  /// The rules of memory, with the workspace of every kernel.
  public var model: MemoryModel { problem.model }
  /// Bytes of all weights of the inference form: what counts against flash.
  public var weightBytes: Int { graph.weightBytes }
}
