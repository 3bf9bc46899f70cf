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
    guard alignment > 0 else { throw .invalidAlignment(alignment) }
    try problem.verify(order)
    let lifetimes = BufferLifetimes(problem, order: order)
    let aligned = place(lifetimes.blocks, stepCount: order.count, alignment: alignment)
    let unaligned = alignment == 1 ? aligned : place(lifetimes.blocks, stepCount: order.count, alignment: 1)
    return lifetimes.plan(
      problem, order: order, offsets: aligned.offsets, alignment: alignment, unpaddedArenaBytes: unaligned.end
    )
  }

  private func place(_ blocks: [BufferLifetimes.Block], stepCount: Int, alignment: Int) -> Placement {
    var usage = [Int](repeating: 0, count: max(stepCount, 1))
    for block in blocks {
      for step in block.firstStep...block.lastStep { usage[step] += roundUp(block.bytes, to: alignment) }
    }
    let least = usage.max() ?? 0
    let pressure = blocks.map { block in usage[block.firstStep...block.lastStep].max() ?? 0 }
    func length(_ block: BufferLifetimes.Block) -> Int { block.lastStep - block.firstStep }
    let priorities: [(Int) -> (Int, Int, Int, Int)] = [
      { (-blocks[$0].bytes, blocks[$0].firstStep, -length(blocks[$0]), $0) },
      { (-blocks[$0].bytes, -length(blocks[$0]), blocks[$0].firstStep, $0) },
      { (-pressure[$0], -blocks[$0].bytes, blocks[$0].firstStep, $0) },
    ]
    var best: Placement?
    var comparisons = 0
    for priority in repairs == 0 ? Array(priorities.prefix(1)) : priorities {
      let order = blocks.indices.filter { blocks[$0].bytes > 0 }.sorted { priority($0) < priority($1) }
      var placement = Placement(blocks, order: order, alignment: alignment)
      for _ in 0..<repairs / priorities.count {
        comparisons += placement.comparisons
        if roundUp(placement.end, to: alignment) <= least || comparisons > Self.maximumComparisons { break }
        if best.map({ placement.end < $0.end }) ?? true { best = placement }
        let outermost = placement.order.filter { placement.offsets[$0] + blocks[$0].bytes == placement.end }
        let others = placement.order.filter { placement.offsets[$0] + blocks[$0].bytes != placement.end }
        placement = Placement(blocks, order: outermost + others, alignment: alignment)
      }
      if best.map({ placement.end < $0.end }) ?? true { best = placement }
      if roundUp(best?.end ?? 0, to: alignment) <= least || comparisons > Self.maximumComparisons { break }
    }
    return best ?? Placement(blocks, order: [], alignment: alignment)
  }
}

/// Offsets that come of placing blocks in a given order.
private struct Placement {
  let order: [Int]
  private(set) var offsets: [Int]
  /// The largest end of any block.
  private(set) var end = 0
  /// How many pairs of blocks were looked at.
  private(set) var comparisons = 0

  init(_ blocks: [BufferLifetimes.Block], order: [Int], alignment: Int) {
    self.order = order
    offsets = [Int](repeating: 0, count: blocks.count)
    var placed: [Int] = []
    for index in order {
      let block = blocks[index]
      var candidate = 0
      comparisons += placed.count
      for other in placed
      where blocks[other].firstStep <= block.lastStep && block.firstStep <= blocks[other].lastStep {
        if candidate + block.bytes <= offsets[other] { break }
        candidate = max(candidate, roundUp(offsets[other] + blocks[other].bytes, to: alignment))
      }
      offsets[index] = candidate
      end = max(end, candidate + block.bytes)
      placed.insert(index, at: placed.partitionPoint { offsets[$0] > candidate })
    }
  }
}

private func roundUp(_ bytes: Int, to alignment: Int) -> Int {
  (bytes + alignment - 1) / alignment * alignment
}

extension Array {
  /// The first index whose element satisfies `belongsAfter`, where all that do stand behind all that do not.
  fileprivate func partitionPoint(_ belongsAfter: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if belongsAfter(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
