/// A network with capacities on its arcs, and its minimum cuts (Dinic's algorithm, 1970).
///
/// In a closure problem, as here, an infinite arc from a to b says: a on the source side takes b along.
struct MaximumFlow {
  /// A capacity that no cut pays.
  static let infinite = Int.max / 2

  private struct Arc {
    let target: Int
    var capacity: Int
  }

  private var arcs: [Arc] = []
  private var arcsOfNode: [[Int]]
  private var level: [Int] = []
  private var nextArc: [Int] = []

  /// A network of `nodeCount` nodes without arcs.
  init(nodeCount: Int) { arcsOfNode = [[Int]](repeating: [], count: nodeCount) }

  /// Adds a node and returns its number.
  mutating func addNode() -> Int {
    arcsOfNode.append([])
    return arcsOfNode.count - 1
  }

  /// Adds an arc.
  mutating func addArc(from source: Int, to target: Int, capacity: Int) {
    arcsOfNode[source].append(arcs.count)
    arcs.append(Arc(target: target, capacity: capacity))
    arcsOfNode[target].append(arcs.count)
    arcs.append(Arc(target: source, capacity: 0))
  }

  /// Sends as much as possible from `source` to `sink` and returns how much: the value of a minimum cut.
  mutating func maximize(from source: Int, to sink: Int) -> Int {
    var total = 0
    while findLevels(from: source, to: sink) {
      nextArc = [Int](repeating: 0, count: arcsOfNode.count)
      while true {
        let pushed = augment(from: source, to: sink)
        if pushed == 0 { break }
        total += pushed
      }
    }
    return total
  }

  /// After ``maximize(from:to:)``: whether each node is on the source side of the largest minimum cut.
  func largestSourceSide(sink: Int) -> [Bool] {
    var reachesSink = [Bool](repeating: false, count: arcsOfNode.count)
    reachesSink[sink] = true
    var stack = [sink]
    while let node = stack.popLast() {
      for index in arcsOfNode[node] {
        let neighbour = arcs[index].target
        if arcs[index ^ 1].capacity > 0, !reachesSink[neighbour] {
          reachesSink[neighbour] = true
          stack.append(neighbour)
        }
      }
    }
    return reachesSink.map { !$0 }
  }

  private mutating func findLevels(from source: Int, to sink: Int) -> Bool {
    level = [Int](repeating: -1, count: arcsOfNode.count)
    level[source] = 0
    var queue = [source]
    var head = 0
    while head < queue.count {
      let node = queue[head]
      head += 1
      for index in arcsOfNode[node] where arcs[index].capacity > 0 && level[arcs[index].target] < 0 {
        level[arcs[index].target] = level[node] + 1
        queue.append(arcs[index].target)
      }
    }
    return level[sink] >= 0
  }

  /// One path along the levels, found with an explicit stack.
  private mutating func augment(from source: Int, to sink: Int) -> Int {
    var path: [Int] = []
    var node = source
    while node != sink {
      if nextArc[node] < arcsOfNode[node].count {
        let index = arcsOfNode[node][nextArc[node]]
        let arc = arcs[index]
        if arc.capacity > 0, level[arc.target] == level[node] + 1 {
          path.append(index)
          node = arc.target
        } else {
          nextArc[node] += 1
        }
      } else {
        guard let last = path.popLast() else { return 0 }
        node = arcs[last ^ 1].target
        nextArc[node] += 1
      }
    }
    let pushed = path.reduce(Int.max) { min($0, arcs[$1].capacity) }
    for index in path {
      arcs[index].capacity -= pushed
      arcs[index ^ 1].capacity += pushed
    }
    return pushed
  }
}
