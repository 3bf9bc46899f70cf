/// Finds the state with the least live bytes between two states, by a minimum cut over what changes in between.
final class IntervalMinimiser {
  private let cursor: SearchCursor
  /// The node of each operator of the interval in the network, 0 for others.
  private var nodes: [Int32]
  private var isSeen: [Bool]

  init(_ cursor: SearchCursor) {
    self.cursor = cursor
    nodes = [Int32](repeating: 0, count: cursor.operatorCount)
    isSeen = [Bool](repeating: false, count: cursor.storageCount)
  }

  /// Operators of the least state, or nil if it is the cursor's own; of several, the largest.
  ///
  /// - Parameter base: the depth of the lower state; the cursor is at the upper one, which is not above it.
  func leastBetween(_ base: Int) -> Set<Int32>? {
    let (first, last) = (base, cursor.depth)
    if isChain(first, last) { return nil }
    for position in first..<last { nodes[Int(cursor.moves[position])] = Int32(position - first + 2) }
    var network = MaximumFlow(nodeCount: last - first + 2)
    var seen: [Int] = []
    for position in first..<last {
      let id = Int(cursor.moves[position])
      for successor in cursor.successors[id] where nodes[Int(successor)] > 0 {
        network.addArc(
          from: Int(nodes[Int(successor)]), to: position - first + 2, capacity: MaximumFlow.infinite)
      }
      for row in cursor.outputs[id] where !isSeen[Int(row)] {
        isSeen[Int(row)] = true
        seen.append(Int(row))
        add(Int(row), producer: position - first + 2, to: &network)
      }
    }
    for position in first..<last {
      for row in cursor.inputs[Int(cursor.moves[position])] where !isSeen[Int(row)] {
        isSeen[Int(row)] = true
        seen.append(Int(row))
        if !cursor.isHeld(Int(row)) { add(Int(row), producer: 0, to: &network) }
      }
    }
    _ = network.maximize(from: 0, to: 1)
    let side = network.largestSourceSide(sink: 1)
    var least: Set<Int32> = []
    for position in first..<last {
      let v = cursor.moves[position]
      if side[Int(nodes[Int(v)])] { least.insert(v) }
      nodes[Int(v)] = 0
    }
    for storage in seen { isSeen[storage] = false }
    return least.count == last - first ? nil : least
  }

  /// Adds a storage whose bytes come with `producer` and go with the readers of the interval, if nobody else holds
  /// it.
  private func add(_ storage: Int, producer: Int, to network: inout MaximumFlow) {
    if cursor.isHeld(storage) {
      network.addArc(from: producer, to: 1, capacity: cursor.bytes(storage))
      return
    }
    let node = network.addNode()
    network.addArc(from: producer, to: node, capacity: cursor.bytes(storage))
    for reader in cursor.readers[storage] where nodes[Int(reader)] > 0 {
      network.addArc(from: node, to: Int(nodes[Int(reader)]), capacity: MaximumFlow.infinite)
    }
  }

  /// Whether each operator waits for the one before it, so that all states in between have been visited.
  private func isChain(_ first: Int, _ last: Int) -> Bool {
    for position in first..<last - 1
    where !cursor.successors[Int(cursor.moves[position])].contains(cursor.moves[position + 1]) {
      return false
    }
    return true
  }
}
