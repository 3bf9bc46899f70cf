import ComputationGraph

/// What ``KernelBudget/choose(among:limitBytes:)`` finds: a cheapest choice, or the proof that there is none.
public enum KernelChoice: Hashable, Sendable {
  /// A choice whose peak is within the limit, and none within it costs less.
  case cheapest(Selection)
  /// No choice of options keeps this order within the limit.
  case infeasible(Shortage)

  /// One option for every operator.
  public struct Selection: Hashable, Sendable {
    /// The index of each operator's option in its list, by operator index.
    public let optionIndices: [Int]
    /// Scratch bytes of each operator, by operator index.
    public let workspaceBytes: [Int]
    /// The live peak of the order with these workspaces, in bytes.
    public let peakBytes: Int
    /// The sum of all operators' costs.
    public let cost: Double
  }

  /// Why an order cannot be kept within a limit: one operator's step is above it with its smallest workspace
  /// already. What is live at a step does not depend on the kernels of other steps, so no other choice helps.
  public struct Shortage: Hashable, Sendable {
    /// The operator whose step needs the most; of several, the one that runs first.
    public let operatorID: OperatorID
    /// Its name.
    public let operatorName: String
    /// Live bytes at its step with its smallest workspace: the smallest limit that this order can be kept within.
    public let neededBytes: Int
    /// The limit.
    public let limitBytes: Int
  }

  /// The choice, or nil where there is none.
  public var selection: Selection? { if case .cheapest(let selection) = self { selection } else { nil } }
}
