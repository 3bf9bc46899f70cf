import ComputationGraph

/// What is known about a schedule's peak.
public enum Proof: Hashable, Sendable {
  /// No order has a lower peak.
  case optimal
  /// No order has a peak below `lowerBytes`.
  case bound(lowerBytes: Int)
  /// Nothing.
  case heuristic
}

/// An order of a graph's operators with its exact memory profile.
public struct Schedule: Sendable {
  /// Every operator once, each after those it waits for.
  public let order: [OperatorID]
  /// The live bytes of each step.
  public let profile: MemoryProfile
  /// What is proved about the peak.
  public let proof: Proof
  /// The name of the scheduler that found it.
  public let scheduler: String

  /// The step that needs the most memory.
  public var peak: MemoryPeak { profile.peak }

  /// Evaluates `order` exactly and compares its peak with ``MemoryBound/trivial(_:)``.
  ///
  /// - Parameter lowerBytes: a better lower bound of the peak, where one is known.
  /// - Throws: ``SchedulingError`` if the order is not a valid one.
  public init(order: [OperatorID], problem: MemoryProblem, scheduler: String, lowerBytes: Int = 0)
    throws(SchedulingError)
  {
    self.order = order
    profile = try problem.evaluate(order)
    let bound = max(MemoryBound.trivial(problem).bytes, lowerBytes)
    proof = profile.peak.bytes == bound ? .optimal : .bound(lowerBytes: bound)
    self.scheduler = scheduler
  }

  /// The same schedule with what a lower bound of the peak proves about it.
  public func proving(lowerBytes: Int) -> Schedule {
    let known =
      switch proof {
      case .optimal: profile.peak.bytes
      case .bound(let bytes): bytes
      case .heuristic: 0
      }
    let bound = max(known, lowerBytes)
    return Schedule(
      order: order, profile: profile,
      proof: bound >= profile.peak.bytes ? .optimal : .bound(lowerBytes: bound),
      scheduler: scheduler)
  }

  private init(order: [OperatorID], profile: MemoryProfile, proof: Proof, scheduler: String) {
    self.order = order
    self.profile = profile
    self.proof = proof
    self.scheduler = scheduler
  }
}
