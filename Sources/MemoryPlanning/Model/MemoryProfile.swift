import ComputationGraph

/// The live bytes of one order, step by step.
public struct MemoryProfile: Hashable, Sendable {
  /// Bytes live while the operator of each step runs, its outputs and workspace included.
  public let liveBytes: [Int]
  /// The largest of them, broken down.
  public let peak: MemoryPeak
}

/// The step of an order that needs the most memory, and what is live there.
///
/// `inputBytes + outputBytes + otherLiveBytes + workspaceBytes = bytes`. A storage that the operator overwrites
/// is counted once, as input. Of several steps with the same bytes this is the first.
public struct MemoryPeak: Codable, Hashable, Sendable {
  /// Live bytes at the step: the order's peak.
  public let bytes: Int
  /// The position in the order; 0 for a graph without operators.
  public let step: Int
  /// The index of the operator that runs, or nil for a graph without operators.
  public let operatorID: Int?
  /// Its name; empty for a graph without operators.
  public let operatorName: String
  /// Bytes of the distinct storages that it reads.
  public let inputBytes: Int
  /// Bytes of the storages that it adds.
  public let outputBytes: Int
  /// Bytes of all other live storages.
  public let otherLiveBytes: Int
  /// Scratch bytes of its kernel.
  public let workspaceBytes: Int

  /// Creates a breakdown, as read from a store; `bytes` is the sum of the four parts.
  public init(
    bytes: Int, step: Int, operatorID: Int?, operatorName: String, inputBytes: Int, outputBytes: Int,
    otherLiveBytes: Int, workspaceBytes: Int
  ) {
    self.bytes = bytes
    self.step = step
    self.operatorID = operatorID
    self.operatorName = operatorName
    self.inputBytes = inputBytes
    self.outputBytes = outputBytes
    self.otherLiveBytes = otherLiveBytes
    self.workspaceBytes = workspaceBytes
  }
}
