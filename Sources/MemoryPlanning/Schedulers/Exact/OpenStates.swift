import HeapModule

/// The open states of a region in the order in which they are to be expanded.
///
/// First the lowest anywhere, ties towards the deeper: most regions end after a few states. Then sweeps from shallow
/// to deep that take a few of the lowest of every depth, with more in every sweep: parallel branches, which the
/// first way interleaves in every possible way, are so carried through to their ends. Every state comes up once.
struct OpenStates {
  struct Entry: Comparable {
    let live: Int
    let depth: Int32
    let node: Int32

    static func < (a: Entry, b: Entry) -> Bool {
      (a.live, b.depth, a.node) < (b.live, a.depth, b.node)
    }
  }

  private(set) var count = 0
  private var heap = Heap<Entry>()
  private var taken = 0
  private var isSweeping = false
  /// Open states by depth, each bucket sorted so that the lowest come last when it is swept.
  private var buckets: [[Entry]] = []
  private var firstDepth = 0
  private var depth = 0
  private var width = 0
  private var remaining = 0
  private let heapStates = 128

  mutating func removeAll() {
    heap = Heap()
    buckets = []
    count = 0
    restart()
  }

  /// Goes back to the first way.
  mutating func restart() {
    for bucket in buckets { for entry in bucket { heap.insert(entry) } }
    buckets = []
    isSweeping = false
    taken = 0
  }

  mutating func insert(live: Int, depth: Int32, node: Int32) {
    let entry = Entry(live: live, depth: depth, node: node)
    count += 1
    if isSweeping { place(entry) } else { heap.insert(entry) }
  }

  mutating func next() -> Int32? {
    if count == 0 { return nil }
    count -= 1
    if !isSweeping {
      taken += 1
      if taken <= heapStates { return heap.popMin()!.node }
      startSweeping()
    }
    while remaining == 0 || buckets[depth].isEmpty {
      depth += 1
      if depth >= buckets.count {
        depth = 0
        width *= 4
      }
      remaining = width
      if buckets[depth].count > 1 { buckets[depth].sort(by: >) }
    }
    remaining -= 1
    return buckets[depth].removeLast().node
  }

  private mutating func startSweeping() {
    isSweeping = true
    firstDepth = heap.unordered.reduce(Int.max) { min($0, Int($1.depth)) }
    while let entry = heap.popMin() { place(entry) }
    width = 4
    depth = -1
    remaining = 0
  }

  private mutating func place(_ entry: Entry) {
    let index = Int(entry.depth) - firstDepth
    while buckets.count <= index { buckets.append([]) }
    buckets[index].append(entry)
  }
}
