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
    let aligned = place(lifetimes, stepCount: order.count, alignment: alignment)
    let unaligned = alignment == 1 ? aligned : place(lifetimes, stepCount: order.count, alignment: 1)
    return lifetimes.plan(
      problem, order: order, offsets: aligned.offsets, alignment: alignment, unpaddedArenaBytes: unaligned.end
    )
  }

  private func place(_ lifetimes: BufferLifetimes, stepCount: Int, alignment: Int) -> Placement {
    let blocks = lifetimes.blocks
    let items = lifetimes.items
    var usage = [Int](repeating: 0, count: max(stepCount, 1))
    for item in items {
      for part in item.parts {
        let block = blocks[part.block]
        let bytes = item.parts.count == 1 ? roundUp(block.bytes, to: alignment) : block.bytes
        for step in block.firstStep...block.lastStep { usage[step] += bytes }
      }
    }
    let least = usage.max() ?? 0
    let traits = items.map { item in
      let parts = item.parts.map { blocks[$0.block] }
      let first = parts.reduce(Int.max) { min($0, $1.firstStep) }
      return (
        bytes: parts.reduce(0) { $0 + $1.bytes }, firstStep: first,
        length: parts.reduce(0) { max($0, $1.lastStep) } - first,
        pressure: parts.reduce(0) { max($0, usage[$1.firstStep...$1.lastStep].max() ?? 0) }
      )
    }
    let priorities: [(Int) -> (Int, Int, Int, Int)] = [
      { (-traits[$0].bytes, traits[$0].firstStep, -traits[$0].length, $0) },
      { (-traits[$0].bytes, -traits[$0].length, traits[$0].firstStep, $0) },
      { (-traits[$0].pressure, -traits[$0].bytes, traits[$0].firstStep, $0) },
    ]
    var best: Placement?
    var comparisons = 0
    for priority in repairs == 0 ? Array(priorities.prefix(1)) : priorities {
      let order = items.indices.sorted { priority($0) < priority($1) }
      var placement = Placement(lifetimes, order: order, alignment: alignment)
      for _ in 0..<repairs / priorities.count {
        comparisons += placement.comparisons
        if roundUp(placement.end, to: alignment) <= least || comparisons > Self.maximumComparisons { break }
        if best.map({ placement.end < $0.end }) ?? true { best = placement }
        let outermost = placement.order.filter { placement.ends[$0] == placement.end }
        let others = placement.order.filter { placement.ends[$0] != placement.end }
        placement = Placement(lifetimes, order: outermost + others, alignment: alignment)
      }
      if best.map({ placement.end < $0.end }) ?? true { best = placement }
      if roundUp(best?.end ?? 0, to: alignment) <= least || comparisons > Self.maximumComparisons { break }
    }
    return best ?? Placement(lifetimes, order: [], alignment: alignment)
  }
}

/// Offsets that come of placing items in a given order.
private struct Placement {
  let order: [Int]
  /// The offset of every block.
  private(set) var offsets: [Int]
  /// The end of every item.
  private(set) var ends: [Int]
  /// The largest of them.
  private(set) var end = 0
  /// How many pairs of blocks were looked at.
  private(set) var comparisons = 0

  init(_ lifetimes: BufferLifetimes, order: [Int], alignment: Int) {
    self.order = order
    offsets = [Int](repeating: 0, count: lifetimes.blocks.count)
    ends = [Int](repeating: 0, count: lifetimes.items.count)
    /// Blocks that have their offsets, by offset.
    var placed: [Int] = []
    for index in order {
      let item = lifetimes.items[index]
      let start = lowestOffset(item, lifetimes.blocks, among: placed, alignment: alignment)
      comparisons += placed.count * item.parts.count
      for part in item.parts {
        offsets[part.block] = start + part.offset
        ends[index] = start + part.offset + lifetimes.blocks[part.block].bytes
        placed.insert(part.block, at: placed.partitionPoint { offsets[$0] > start + part.offset })
      }
      end = max(end, ends[index])
    }
  }

  private func lowestOffset(
    _ item: BufferLifetimes.Item, _ blocks: [BufferLifetimes.Block], among placed: [Int], alignment: Int
  ) -> Int {
    var candidate = 0
    if item.parts.count == 1 {
      let block = blocks[item.parts[0].block]
      for other in placed
      where blocks[other].firstStep <= block.lastStep && block.firstStep <= blocks[other].lastStep {
        if candidate + block.bytes <= offsets[other] { break }
        candidate = max(candidate, roundUp(offsets[other] + blocks[other].bytes, to: alignment))
      }
      return candidate
    }
    // Each pair of a part and a placed block that is in use meanwhile forbids an open range of offsets.
    var forbidden: [Range<Int>] = []
    for part in item.parts {
      let block = blocks[part.block]
      for other in placed
      where blocks[other].firstStep <= block.lastStep && block.firstStep <= blocks[other].lastStep {
        let lower = offsets[other] - part.offset - block.bytes
        forbidden.append(lower..<offsets[other] + blocks[other].bytes - part.offset)
      }
    }
    forbidden.sort { $0.lowerBound < $1.lowerBound }
    for range in forbidden {
      if candidate <= range.lowerBound { break }
      if candidate < range.upperBound { candidate = roundUp(range.upperBound, to: alignment) }
    }
    return candidate
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
