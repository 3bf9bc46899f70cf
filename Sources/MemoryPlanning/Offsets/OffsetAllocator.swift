import ComputationGraph

/// Gives every storage and workspace a place in one arena.
public protocol OffsetAllocator: Sendable {
  /// A plan for `order`, in which buffers that are in use at the same step do not overlap.
  ///
  /// - Parameter alignment: every offset is a multiple of this many bytes, but for tensors that lie behind another one
  ///   in the result of an elided Concat.
  /// - Throws: ``SchedulingError`` if `order` is not valid or `alignment` is not positive.
  func allocate(_ problem: MemoryProblem, order: [OperatorID], alignment: Int) throws(SchedulingError)
    -> ArenaPlan
}

/// Offsets for a layout, and what is known about them.
struct LayoutSolution {
  var placement: Placement
  /// Whether it is proved that no arena is smaller.
  var isMinimal: Bool
}

extension MemoryProblem {
  /// The plan that comes of placing the blocks of `order` by `place`: once with the alignment and, where that makes a
  /// difference, once without.
  ///
  /// - Throws: ``SchedulingError`` if `order` is not valid or `alignment` is not positive.
  func plan(
    order: [OperatorID], alignment: Int, place: (LayoutProblem) -> LayoutSolution
  ) throws(SchedulingError) -> ArenaPlan {
    guard alignment > 0 else { throw .invalidAlignment(alignment) }
    try verify(order)
    let lifetimes = BufferLifetimes(self, order: order)
    let layout = LayoutProblem(lifetimes, alignment: alignment)
    let solution = place(layout)
    var livePeak = layout.leastBytes
    var unpadded = solution.placement.end
    if alignment > 1 {
      let exact = LayoutProblem(lifetimes, alignment: 1)
      livePeak = exact.leastBytes
      if unpadded > livePeak, !layout.isNaturallyAligned {
        unpadded = min(unpadded, place(exact).placement.end)
      }
    }
    return lifetimes.plan(
      self, order: order, solution: solution, alignment: alignment,
      sizes: (unpadded: unpadded, livePeak: livePeak))
  }
}
