import ComputationGraph

/// The allocator to use: heuristics first, and a search only where they leave the arena above the live peak.
///
/// ``GreedyBySizeAllocator`` and ``BestFitAllocator`` take well under a millisecond for a network of some hundred
/// operators and meet the live peak for most, which proves their arena minimal; for the rest
/// ``ExactOffsetAllocator`` looks on from the better of both. Deterministic unless a time limit is given.
public struct ArenaAllocator: OffsetAllocator {
  /// The elementary steps that the search may take, some nanoseconds each.
  public let workLimit: Int
  /// The time that the search may take; nil for no limit.
  public let timeLimit: Duration?

  /// Creates the allocator.
  ///
  /// - Precondition: `workLimit` is not negative.
  public init(workLimit: Int = 20_000_000, timeLimit: Duration? = nil) {
    precondition(workLimit >= 0, "the work limit is negative")
    self.workLimit = workLimit
    self.timeLimit = timeLimit
  }

  /// The plan with the smallest arena found, and whether it is proved that none is smaller.
  ///
  /// - Throws: ``SchedulingError`` if `order` is not valid or `alignment` is not positive.
  /// - Complexity: the number of buffers times that of buffers placed before, then the search within its limits.
  public func allocate(_ problem: MemoryProblem, order: [OperatorID], alignment: Int) throws(SchedulingError)
    -> ArenaPlan
  {
    let deadline = timeLimit.map { ContinuousClock.now + $0 }
    return try problem.plan(order: order, alignment: alignment) { layout in
      var best = GreedyBySizeAllocator(repairs: 0).place(layout)
      if best.end > layout.leastBytes {
        let bestFit = BestFitAllocator().place(layout)
        if bestFit.end < best.end { best = bestFit }
      }
      return ExactOffsetAllocator(workLimit: workLimit).improve(best, layout, deadline: deadline)
    }
  }
}
