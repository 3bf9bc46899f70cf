/// One way to compute an operator, as the choice under a memory budget sees it.
public struct KernelOption: Hashable, Sendable {
  /// Scratch bytes that it needs while the operator runs.
  public let workspaceBytes: Int
  /// What it costs, most often a latency: finite, in any unit that can be added up.
  public let cost: Double

  /// Creates an option. - Precondition: `workspaceBytes` is not negative and `cost` is finite.
  public init(workspaceBytes: Int, cost: Double) {
    precondition(workspaceBytes >= 0, "a workspace is negative")
    precondition(cost.isFinite, "a cost is not finite")
    self.workspaceBytes = workspaceBytes
    self.cost = cost
  }
}
