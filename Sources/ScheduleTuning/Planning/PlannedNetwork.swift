import ComputationGraph
import Kernels
import MemoryPlanning
import SearchSpaces

/// A network under a scheduling policy, ready to run: order, kernel schedules and the offset of every buffer.
public struct PlannedNetwork: Sendable {
  /// The policy.
  public let policy: SchedulingPolicy
  /// The inference form of the network.
  public let inference: InferenceGraph
  /// The kernel schedule of each operator, by operator index.
  public let schedules: [KernelSchedule]
  /// The threads of the device that it was planned for: the most that a kernel schedule has.
  public let threads: Int
  /// The rules of memory, with the workspace of every kernel.
  public let model: MemoryModel
  /// The order, with its exact memory profile.
  public let schedule: Schedule
  /// Where everything lies in the arena; validated.
  public let arena: ArenaPlan
  /// What one operator needs by itself; under ``RowTile/fit`` with its smallest workspace.
  public let trivialBound: TrivialBound
  /// The live peak of the same order without any workspace, in bytes.
  public let livePeakBytes: Int
  /// Equal for networks whose execution is the same in everything that takes time (``Workload``): 64 hexadecimal
  /// digits.
  public let workloadKey: String

  /// The graph that is run.
  public var graph: Graph { inference.graph }
  /// The operators in the order in which they run.
  public var order: [OperatorID] { schedule.order }
  /// The step that needs the most live memory, workspace included.
  public var peak: MemoryPeak { schedule.peak }
  /// Bytes of all weights of the inference form as the kernels store them: what counts against flash.
  public var weightBytes: Int { graph.storedWeightBytes(under: schedules).reduce(0, +) }

  /// An executor of this plan.
  ///
  /// - Parameter weights: of the inference form (`inference.convert` makes them from the training form's).
  /// - Throws: `KernelError` if an operator cannot be executed or a weight is missing.
  public func executor(weights: WeightValues, threads: Int, mode: NetworkExecutor.Mode = .fast)
    throws(KernelError) -> NetworkExecutor
  {
    try NetworkExecutor(
      graph: graph, order: order, plan: arena, schedules: schedules, weights: weights, threads: threads,
      mode: mode)
  }
}
