import ComputationGraph

/// Places the largest buffers first, each at the lowest offset that is free for as long as it lives.
///
/// The heuristic of Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020
/// (arXiv:2001.03288). Ties: the buffer that starts earlier, then the one that lives longer. Added here: where the
/// result is larger than the most that is in use at any step, other priorities are tried (longest first; largest
/// use of the arena while it lives first), and the buffers that stick out are moved to the front and placed again,
/// a bounded number of times, fewer for very many buffers; the smallest arena wins.
public struct GreedyBySizeAllocator: OffsetAllocator {
  /// How often buffers that stick out are moved to the front.
  public let repairs: Int

  /// Creates the allocator; without `repairs` the plain heuristic is left.
  ///
  /// - Precondition: `repairs` is not negative.
  public init(repairs: Int = 48) {
    precondition(repairs >= 0, "the number of repairs is negative")
    self.repairs = repairs
  }

  private static let maximumComparisons = 20_000_000

  /// The plan with the smallest arena found; deterministic.
  ///
  /// - Throws: ``SchedulingError`` if `order` is not valid or `alignment` is not positive.
  /// - Complexity: at most (`repairs` + 1) times the number of buffers times that of buffers placed before.
  public func allocate(_ problem: MemoryProblem, order: [OperatorID], alignment: Int) throws(SchedulingError)
    -> ArenaPlan
  {
    try problem.plan(order: order, alignment: alignment) { layout in
      let placement = place(layout)
      return LayoutSolution(placement: placement, isMinimal: placement.end <= layout.leastBytes)
    }
  }

  func place(_ layout: LayoutProblem) -> Placement {
    let items = layout.items
    let pressure = items.map { item in
      item.parts.reduce(0) { max($0, layout.usage[$1.firstSection...$1.lastSection].max() ?? 0) }
    }
    let priorities: [(Int) -> (Int, Int, Int, Int)] = [
      { (-items[$0].bytes, items[$0].firstSection, -layout.length($0), $0) },
      { (-items[$0].bytes, -layout.length($0), items[$0].firstSection, $0) },
      { (-pressure[$0], -items[$0].bytes, items[$0].firstSection, $0) },
    ]
    var best: Placement?
    var comparisons = 0
    for priority in repairs == 0 ? Array(priorities.prefix(1)) : priorities {
      var placement = Placement(layout, order: items.indices.sorted { priority($0) < priority($1) })
      for _ in 0..<repairs / priorities.count {
        comparisons += placement.comparisons
        if placement.end <= layout.leastBytes || comparisons > Self.maximumComparisons { break }
        if best.map({ placement.end < $0.end }) ?? true { best = placement }
        let outermost = placement.order.filter { placement.end(of: $0, layout) == placement.end }
        let others = placement.order.filter { placement.end(of: $0, layout) != placement.end }
        placement = Placement(layout, order: outermost + others)
      }
      if best.map({ placement.end < $0.end }) ?? true { best = placement }
      if (best?.end ?? 0) <= layout.leastBytes || comparisons > Self.maximumComparisons { break }
    }
    return best ?? Placement(layout, order: [])
  }
}
