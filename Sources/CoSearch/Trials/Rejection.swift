/// Why one device does not admit a candidate, found before anything expensive was done.
public struct Rejection: Codable, Hashable, Sendable {
  /// The reasons, in the order in which they are checked.
  public enum Reason: String, Codable, CaseIterable, Sendable {
    /// The architecture has no path from input to output.
    case disconnected
    /// One operator alone, with its inputs, outputs and workspace, is over the limit: no order can help.
    case memoryBound
    /// The peak of the planned order is over the limit.
    case memoryPeak
    /// The arena, with its padding and gaps, is over the limit.
    case memoryArena
    /// The weights are over the flash size.
    case flash
  }

  /// Why.
  public let reason: Reason
  /// What is over the limit: the trivial bound, the peak, the arena or the weights. 0 when disconnected.
  public let peakBytes: Int
  /// What would be admitted: RAM less the reserved bytes, or flash. 0 when disconnected, which no limit cures.
  public let limitBytes: Int
  /// The operator at which memory is highest; nil for reasons that have none.
  public let operatorName: String?
  /// Whether it is proved that no operator order and no placement fits this architecture under this policy.
  public let provedInfeasible: Bool

  /// Creates a rejection.
  public init(
    reason: Reason, peakBytes: Int, limitBytes: Int, operatorName: String?, provedInfeasible: Bool
  ) {
    self.reason = reason
    self.peakBytes = peakBytes
    self.limitBytes = limitBytes
    self.operatorName = operatorName
    self.provedInfeasible = provedInfeasible
  }
}
