/// A network of arcs with capacities, its maximum flow and the minimum cut that goes with it (Dinic's algorithm,
/// doi 10.1007/11685654_10: shortest augmenting paths in phases).
///
/// - Complexity: O(nodes² · arcs) at worst; close to linear on the networks that schedulers build.
struct MaximumFlow {
  /// A capacity that no minimum cut can contain, unless every cut does. Small enough to be added up.
  static let infinite = Int.max / 8

  private var targets: [Int32] = []
  private var capacities: [Int] = []
  private var nextArc: [Int32] = []
  private var firstArc: [Int32]

  /// Creates a network of `nodeCount` nodes without arcs.
  init(nodeCount: Int) { firstArc = [Int32](repeating: -1, count: nodeCount) }

  /// Adds a node and returns its number.
  mutating func addNode() -> Int {
    firstArc.append(-1)
    return firstArc.count - 1
  }

  /// Adds an arc.
  mutating func addArc(from source: Int, to target: Int, capacity: Int) {
    append(from: source, to: target, capacity: capacity)
    append(from: target, to: source, capacity: 0)
  }

  private mutating func append(from source: Int, to target: Int, capacity: Int) {
    targets.append(Int32(target))
    capacities.append(capacity)
    nextArc.append(firstArc[source])
    firstArc[source] = Int32(targets.count - 1)
  }

  /// Sends as much as possible from `source` to `sink` and returns how much: the value of a minimum cut.
  mutating func maximize(from source: Int, to sink: Int) -> Int {
    var levels = [Int32](repeating: -1, count: firstArc.count)
    var queue: [Int32] = []
    var path: [Int32] = []
    var total = 0
    while findLevels(from: source, to: sink, &levels, &queue) {
      var current = firstArc
      while true {
        let pushed = augment(from: source, to: sink, levels, &current, &path)
        if pushed == 0 { break }
        total += pushed
      }
    }
    return total
  }

  /// After ``maximize(from:to:)``: whether each node is on the source side of the largest minimum cut.
  func largestSourceSide(sink: Int) -> [Bool] {
    var isSourceSide = [Bool](repeating: true, count: firstArc.count)
    isSourceSide[sink] = false
    var stack = [sink]
    while let node = stack.popLast() {
      var arc = Int(firstArc[node])
      while arc >= 0 {
        let neighbour = Int(targets[arc])
        if isSourceSide[neighbour], capacities[arc ^ 1] > 0 {
          isSourceSide[neighbour] = false
          stack.append(neighbour)
        }
        arc = Int(nextArc[arc])
      }
    }
    return isSourceSide
  }

  private func findLevels(
    from source: Int, to sink: Int, _ levels: inout [Int32], _ queue: inout [Int32]
  ) -> Bool {
    for index in levels.indices { levels[index] = -1 }
    levels[source] = 0
    queue.removeAll(keepingCapacity: true)
    queue.append(Int32(source))
    var head = 0
    while head < queue.count, levels[sink] < 0 {
      let node = Int(queue[head])
      head += 1
      var arc = Int(firstArc[node])
      while arc >= 0 {
        let neighbour = Int(targets[arc])
        if capacities[arc] > 0, levels[neighbour] < 0 {
          levels[neighbour] = levels[node] + 1
          queue.append(Int32(neighbour))
        }
        arc = Int(nextArc[arc])
      }
    }
    return levels[sink] >= 0
  }

  /// Fills one path along the levels, found with an explicit stack; 0 if there is none.
  private mutating func augment(
    from source: Int, to sink: Int, _ levels: [Int32], _ current: inout [Int32], _ path: inout [Int32]
  ) -> Int {
    path.removeAll(keepingCapacity: true)
    var node = source
    while node != sink {
      let arc = Int(current[node])
      if arc < 0 {
        guard let last = path.popLast() else { return 0 }
        node = Int(targets[Int(last) ^ 1])
        current[node] = nextArc[Int(current[node])]
      } else if capacities[arc] > 0, levels[Int(targets[arc])] == levels[node] + 1 {
        path.append(Int32(arc))
        node = Int(targets[arc])
      } else {
        current[node] = nextArc[arc]
      }
    }
    let pushed = path.reduce(Int.max) { min($0, capacities[Int($1)]) }
    for arc in path {
      capacities[Int(arc)] -= pushed
      capacities[Int(arc) ^ 1] += pushed
    }
    return pushed
  }
}
