import ComputationGraph

/// Searches for the smallest arena: first one as large as the live peak, then the smallest that can be found.
///
/// Each capacity is searched through by branch and bound over placements from the bottom up (in the style of
/// MiniMalloc: Moffitt, ASPLOS 2023, doi:10.1145/3623278.3624752), in rounds that learn from each other which buffers
/// to place first (after Joslin and Clements, "Squeaky Wheel Optimization", 1999, doi:10.1613/jair.561). Where a search
/// completes, the capacity is proved too small, and the least that any branch lacked is the next one; where the work
/// for it runs out, the capacities up to the best arena found otherwise are bisected.
///
/// Deterministic unless a time limit is given. The branches of an elided Concat, which keep their places relative to
/// each other, are placed by a search that is not complete; then an arena above the live peak is not proved minimal.
public struct ExactOffsetAllocator: OffsetAllocator {
  private static let maximumRaises = 8

  /// The elementary steps that the search may take, some nanoseconds each.
  public let workLimit: Int
  /// The time that it may take; nil for no limit. Whatever was found until then is the answer.
  public let timeLimit: Duration?

  /// Creates the allocator.
  ///
  /// - Precondition: `workLimit` is not negative.
  public init(workLimit: Int = 400_000_000, timeLimit: Duration? = nil) {
    precondition(workLimit >= 0, "the work limit is negative")
    self.workLimit = workLimit
    self.timeLimit = timeLimit
  }

  /// The plan with the smallest arena found, and whether it is proved that none is smaller.
  ///
  /// - Throws: ``SchedulingError`` if `order` is not valid or `alignment` is not positive.
  /// - Complexity: exponential in the number of buffers within the limits, which are met to within one step of the
  ///   search; besides, that of ``GreedyBySizeAllocator``.
  public func allocate(_ problem: MemoryProblem, order: [OperatorID], alignment: Int) throws(SchedulingError)
    -> ArenaPlan
  {
    let deadline = timeLimit.map { ContinuousClock.now + $0 }
    return try problem.plan(order: order, alignment: alignment) { layout in
      let greedy = GreedyBySizeAllocator(repairs: 0).place(layout)
      return improve(greedy, layout, deadline: deadline)
    }
  }

  /// The best placement that the search finds, `start` if none is better.
  func improve(_ start: Placement, _ layout: LayoutProblem, deadline: ContinuousClock.Instant?)
    -> LayoutSolution
  {
    let isComplete = layout.items.allSatisfy(\.isRectangle)
    var best = start
    var rounds = CapacityRounds(layout, workLimit: workLimit, deadline: deadline)
    /// No arena is smaller.
    var proved = layout.leastBytes
    /// Nothing smaller is looked for any more.
    var floor = proved
    var raises = 0
    while best.end > floor, !rounds.isExhausted {
      // As long as every capacity tried is proved too small, the next possible one is the best guess.
      let isLowest = floor == proved && raises < Self.maximumRaises
      let middle = floor + (best.end - floor) / 2 / layout.alignment * layout.alignment
      let capacity = isLowest ? floor : middle
      let outcome = rounds.search(capacity: capacity, share: isLowest ? 0.6 : 0.4)
      switch outcome {
      case .found(let offsets): best = Placement(layout, offsets: offsets)
      case .infeasible(let least) where isComplete:
        proved = max(proved, least.roundedUp(to: layout.alignment))
        floor = max(floor, proved)
        raises += 1
      case .infeasible, .starved:
        floor = capacity + layout.alignment
        if isLowest {
          let repaired = GreedyBySizeAllocator().place(layout)
          if repaired.end < best.end { best = repaired }
        }
      }
    }
    return LayoutSolution(placement: best, isMinimal: best.end <= proved)
  }
}
