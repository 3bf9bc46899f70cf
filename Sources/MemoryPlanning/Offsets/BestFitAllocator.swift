import ComputationGraph

/// Places buffers as they come into use, each into the gap that it fills best.
///
/// Best fit, the classic rule of dynamic storage allocation (Wilson et al., "Dynamic Storage Allocation: A Survey and
/// Critical Review", 1995, doi:10.1007/3-540-60368-9_19), with the whole order known beforehand: a gap counts only if it
/// stays free for as long as the buffer lives. Larger buffers first among those that start together; a buffer that
/// fits into no gap goes above all that it meets.
public struct BestFitAllocator: OffsetAllocator {
  /// Creates the allocator.
  public init() {}

  /// The plan; deterministic.
  ///
  /// - Throws: ``SchedulingError`` if `order` is not valid or `alignment` is not positive.
  /// - Complexity: the number of buffers times that of buffers placed before.
  public func allocate(_ problem: MemoryProblem, order: [OperatorID], alignment: Int) throws(SchedulingError)
    -> ArenaPlan
  {
    try problem.plan(order: order, alignment: alignment) { layout in
      let placement = place(layout)
      return LayoutSolution(placement: placement, isMinimal: placement.end <= layout.leastBytes)
    }
  }

  func place(_ layout: LayoutProblem) -> Placement {
    func priority(_ index: Int) -> (Int, Int, Int) {
      (layout.items[index].firstSection, -layout.items[index].bytes, index)
    }
    let order = layout.items.indices.sorted { priority($0) < priority($1) }
    return Placement(layout, order: order, rule: .bestFit)
  }
}
