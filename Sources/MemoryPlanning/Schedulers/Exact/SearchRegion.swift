/// The normalised states that a search has met above a committed one, each once, and which of them are still open.
final class SearchRegion {
  private struct Node: BitwiseCopyable {
    var parent: Int32
    /// Where the moves from the parent start in ``moves``.
    var firstMove: Int32
    var moveCount: Int32
    var depth: Int32
    var live: Int
    /// The least transient that did not fit at this state, once it has been expanded.
    var blocked: Int
    var hash: UInt64
    /// Where its set starts in ``words``; it ends where the next node's starts.
    var firstWord: Int
  }

  /// States expanded in all regions.
  private(set) var expandedStates = 0
  private(set) var rootDepth = 0
  private(set) var rootLevel = 0
  private(set) var isOpen = false

  private let nodes = GrowingBuffer<Node>(capacity: 1024)
  private let moves = GrowingBuffer<Int32>(capacity: 4096)
  private let words = GrowingBuffer<UInt64>(capacity: 4096)
  /// Node numbers plus one by hash; 0 where free.
  private var table = GrowingBuffer<Int32>(capacity: 1)
  private var tableMask = 0
  private var firstWord = 0
  private var queue = OpenStates()
  private var current: Int32 = 0
  private let path = GrowingBuffer<Int32>()

  /// States of the region.
  var count: Int { nodes.count }

  /// Bytes that the region holds.
  var memoryBytes: Int {
    nodes.capacity * MemoryLayout<Node>.stride + moves.capacity * 4 + words.capacity * 8 + (tableMask + 1) * 4
      + queue.count * 24
  }

  /// Starts a region at the cursor's state, which is committed and normalised.
  func open(at cursor: SearchCursor) {
    nodes.truncate(to: 0)
    moves.truncate(to: 0)
    words.truncate(to: 0)
    queue.removeAll()
    isOpen = true
    rootDepth = cursor.depth
    rootLevel = cursor.liveBytes
    firstWord = 0
    while firstWord < cursor.wordCount, cursor.executed[firstWord] == .max { firstWord += 1 }
    current = 0
    clearTable(size: 256)
    add(cursor, parent: 0, from: cursor.depth)
    current = 0
  }

  /// Ends the region: its root is no longer the committed state.
  func close() { isOpen = false }

  /// The open state to expand next.
  func next() -> Int32? {
    guard let node = queue.next() else { return nil }
    expandedStates += 1
    return node
  }

  /// Opens a state again that was not expanded after all.
  func giveBack(_ node: Int32) {
    expandedStates -= 1
    queue.insert(live: nodes[Int(node)].live, depth: nodes[Int(node)].depth, node: node)
  }

  /// Notes that all moves of a state were tried, and the least transient that did not fit.
  func finish(_ node: Int32, blocked: Int) { nodes.base[Int(node)].blocked = blocked }

  /// The least transient that did not fit at any state.
  func lowestBlocked() -> Int {
    var least = Int.max
    for index in 0..<nodes.count { least = min(least, nodes[index].blocked) }
    return least
  }

  /// Opens the states again at which a transient within `bound` did not fit before.
  func reopen(_ bound: Int) {
    queue.restart()
    for index in 0..<nodes.count where nodes[index].blocked <= bound {
      nodes.base[index].blocked = .max
      queue.insert(live: nodes[index].live, depth: nodes[index].depth, node: Int32(index))
    }
  }

  /// Adds the cursor's state, reached from `parent` by the moves from depth `start` on, unless it is known.
  func add(_ cursor: SearchCursor, parent: Int32, from start: Int) {
    var slot = Int(truncatingIfNeeded: cursor.hash) & tableMask
    while table[slot] != 0 {
      if isEqual(Int(table[slot]) - 1, cursor) { return }
      slot = (slot + 1) & tableMask
    }
    let index = nodes.count
    table[slot] = Int32(index + 1)
    nodes.append(
      Node(
        parent: parent, firstMove: Int32(moves.count), moveCount: Int32(cursor.depth - start),
        depth: Int32(cursor.depth), live: cursor.liveBytes, blocked: .max, hash: cursor.hash,
        firstWord: words.count))
    for position in start..<cursor.depth { moves.append(cursor.moves[position]) }
    var end = cursor.wordCount
    while end > firstWord, cursor.executed[end - 1] == 0 { end -= 1 }
    for word in firstWord..<max(end, firstWord) { words.append(cursor.executed[word]) }
    queue.insert(live: cursor.liveBytes, depth: Int32(cursor.depth), node: Int32(index))
    if nodes.count * 2 > tableMask { rehash() }
  }

  /// Moves the cursor from the state of the last call (at first the root) to another one.
  func move(_ cursor: SearchCursor, to target: Int32) {
    path.truncate(to: 0)
    var (here, there) = (current, target)
    while here != there {
      if nodes[Int(here)].depth >= nodes[Int(there)].depth {
        here = nodes[Int(here)].parent
      } else {
        path.append(there)
        there = nodes[Int(there)].parent
      }
    }
    cursor.rewind(to: Int(nodes[Int(here)].depth))
    while path.count > 0 {
      let node = nodes[Int(path.removeLast())]
      for position in node.firstMove..<node.firstMove + node.moveCount { cursor.push(moves[Int(position)]) }
    }
    cursor.clearTouched()
    current = target
  }

  private func isEqual(_ index: Int, _ cursor: SearchCursor) -> Bool {
    let node = nodes[index]
    guard node.hash == cursor.hash, Int(node.depth) == cursor.depth else { return false }
    let end = index + 1 < nodes.count ? nodes[index + 1].firstWord : words.count
    // Equal numbers of operators: it is enough that no operator of the node is missing.
    for position in node.firstWord..<end
    where words[position] & ~cursor.executed[firstWord + position - node.firstWord] != 0 { return false }
    return true
  }

  private func clearTable(size: Int) {
    tableMask = size - 1
    table.reserve(size)
    table.base.update(repeating: 0, count: size)
  }

  private func rehash() {
    clearTable(size: (tableMask + 1) * 4)
    for index in 0..<nodes.count {
      var slot = Int(truncatingIfNeeded: nodes[index].hash) & tableMask
      while table[slot] != 0 { slot = (slot + 1) & tableMask }
      table[slot] = Int32(index + 1)
    }
  }
}
