/// What an arena has to hold, as rectangles: bytes, and time as the few sections in which different blocks meet.
struct LayoutProblem {
  /// A rectangle that keeps its place in an item.
  struct Part {
    /// Bytes from the item's offset.
    let offset: Int
    let bytes: Int
    let firstSection: Int
    let lastSection: Int

    func meets(_ first: Int, _ last: Int) -> Bool { firstSection <= last && first <= lastSection }
  }

  /// What is placed as one: a block, or the branches of elided Concats.
  struct Item {
    /// By offset, one behind the other; branches that are in use in the same sections count as one.
    let parts: [Part]
    /// Bytes from the start of the first part to the end of the last.
    let bytes: Int
    /// The same for a rectangle, rounded up to the alignment, because no other rectangle can use the rest; other items
    /// can have unaligned neighbours of their own, so theirs is not rounded.
    let paddedBytes: Int
    let firstSection: Int
    let lastSection: Int

    var isRectangle: Bool { parts.count == 1 }
  }

  /// In the order of ``BufferLifetimes/items``.
  let items: [Item]
  let sectionCount: Int
  /// What offsets of items are multiples of.
  let alignment: Int
  /// The most that is in use at any step, padding included where nothing could lie in it: no arena is smaller.
  let leastBytes: Int
  /// What is in use in each section, padding included.
  let usage: [Int]

  /// Takes the blocks of `lifetimes` and drops all steps whose blocks are among those of a neighbour.
  ///
  /// - Complexity: linear in the blocks but for sorting.
  init(_ lifetimes: BufferLifetimes, alignment: Int) {
    self.alignment = alignment
    let blocks = lifetimes.blocks
    let sections = Self.sections(lifetimes)
    sectionCount = sections.count
    items = lifetimes.items.map { item in
      var parts: [Part] = []
      for part in item.parts {
        let block = blocks[part.block]
        let first = sections.firstIndex(notBelow: block.firstStep)
        let last = sections.firstIndex(notBelow: block.lastStep + 1) - 1
        if let before = parts.last, before.firstSection == first, before.lastSection == last {
          parts[parts.count - 1] = Part(
            offset: before.offset, bytes: before.bytes + block.bytes, firstSection: first, lastSection: last)
        } else {
          parts.append(
            Part(offset: part.offset, bytes: block.bytes, firstSection: first, lastSection: last))
        }
      }
      let bytes = parts[parts.count - 1].offset + parts[parts.count - 1].bytes
      return Item(
        parts: parts, bytes: bytes, paddedBytes: parts.count == 1 ? bytes.roundedUp(to: alignment) : bytes,
        firstSection: parts.reduce(Int.max) { min($0, $1.firstSection) },
        lastSection: parts.reduce(0) { max($0, $1.lastSection) })
    }
    var (padded, plain, tied) = (
      [Int](repeating: 0, count: sections.count + 1), [Int](repeating: 0, count: sections.count + 1),
      [Int](repeating: 0, count: sections.count + 1)
    )
    func add(_ amount: Int, from part: Part, to changes: inout [Int]) {
      changes[part.firstSection] += amount
      changes[part.lastSection + 1] -= amount
    }
    for item in items {
      for part in item.parts {
        add(part.bytes, from: part, to: &plain)
        add(item.isRectangle ? item.paddedBytes : part.bytes, from: part, to: &padded)
        add(item.isRectangle ? 0 : 1, from: part, to: &tied)
      }
    }
    func levels(_ changes: [Int]) -> [Int] {
      var level = 0
      return changes.dropLast().map { change in
        level += change
        return level
      }
    }
    usage = levels(padded)
    // A part of an item that is no rectangle may begin within the padding of one.
    let forced = zip(levels(tied), zip(levels(plain), usage)).map { $0 > 0 ? $1.0 : $1.1 }
    leastBytes = (forced.max() ?? 0).roundedUp(to: alignment)
  }

  /// One step of each stretch between a beginning and the first end that follows: it sees all blocks that meet there.
  private static func sections(_ lifetimes: BufferLifetimes) -> [Int] {
    var begins: Set<Int> = []
    var ends: Set<Int> = []
    for item in lifetimes.items {
      for part in item.parts {
        begins.insert(lifetimes.blocks[part.block].firstStep)
        ends.insert(lifetimes.blocks[part.block].lastStep)
      }
    }
    var sections: [Int] = []
    var latestBegin: Int?
    for step in begins.union(ends).sorted() {
      if begins.contains(step) { latestBegin = step }
      if ends.contains(step), let begin = latestBegin {
        sections.append(begin)
        latestBegin = nil
      }
    }
    return sections
  }

  /// Sections that an item lives beyond its first one.
  func length(_ index: Int) -> Int { items[index].lastSection - items[index].firstSection }

  /// Whether all offsets that have no gaps below them are aligned anyway.
  var isNaturallyAligned: Bool {
    items.allSatisfy { item in
      item.parts.allSatisfy { ($0.offset + $0.bytes).isMultiple(of: alignment) }
    }
  }
}

extension Int {
  /// The least multiple of `alignment` that is not below.
  func roundedUp(to alignment: Int) -> Int { (self + alignment - 1) / alignment * alignment }
}

extension [Int] {
  /// The first index of a sorted array whose element is not below `value`.
  func firstIndex(notBelow value: Int) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] >= value { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
