import ComputationGraph

/// Places the largest buffers first, each at the lowest offset that is free for as long as it lives.
///
/// The heuristic of Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020
/// (arXiv:2001.03288). Ties: the buffer that lives longer, then the one that starts earlier.
public struct GreedyBySizeAllocator: OffsetAllocator {
  /// Creates the allocator.
  public init() {}

  /// - Complexity: quadratic in the number of buffers in the worst case; in practice, their number times the
  ///   number that are in use at the same time.
  public func allocate(_ problem: MemoryProblem, order: [OperatorID], alignment: Int) throws(SchedulingError)
    -> ArenaPlan
  {
    guard alignment > 0 else { throw .invalidAlignment(alignment) }
    try problem.verify(order)
    let lifetimes = BufferLifetimes(problem, order: order)
    let offsets = Self.place(lifetimes.blocks, alignment: alignment)
    let unpadded =
      alignment == 1 ? offsets : Self.place(lifetimes.blocks, alignment: 1)
    return lifetimes.plan(
      problem, order: order, offsets: offsets, alignment: alignment,
      unpaddedArenaBytes: BufferLifetimes.end(lifetimes.blocks, unpadded))
  }

  private static func place(_ blocks: [BufferLifetimes.Block], alignment: Int) -> [Int] {
    func length(_ block: BufferLifetimes.Block) -> Int { block.lastStep - block.firstStep }
    let bySize = blocks.indices.sorted { a, b in
      let (x, y) = (blocks[a], blocks[b])
      return (-x.bytes, -length(x), x.firstStep, a) < (-y.bytes, -length(y), y.firstStep, b)
    }
    var offsets = [Int](repeating: 0, count: blocks.count)
    var placed: [Int] = []
    for index in bySize where blocks[index].bytes > 0 {
      let block = blocks[index]
      var candidate = 0
      for other in placed
      where blocks[other].firstStep <= block.lastStep && block.firstStep <= blocks[other].lastStep {
        if candidate + block.bytes <= offsets[other] { break }
        let end = offsets[other] + blocks[other].bytes
        candidate = max(candidate, (end + alignment - 1) / alignment * alignment)
      }
      offsets[index] = candidate
      let position = placed.partitionPoint { offsets[$0] > candidate }
      placed.insert(index, at: position)
    }
    return offsets
  }
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
