import ComputationGraph

/// Storages whose places relative to each other are fixed, because elided Concats put them one behind the other.
///
/// A group is one range of bytes without gaps: Concats that share a storage overlap in it.
struct RigidGroup: Hashable, Sendable {
  /// One storage of a group.
  struct Part: Hashable, Sendable {
    let storage: Int
    /// Bytes from the group's start.
    let offset: Int
  }

  /// The storages, by offset; the first lies at 0.
  let parts: [Part]

  /// The groups that `table`'s elided Concats make.
  ///
  /// - Throws: ``SchedulingError/concatNotElidable(operatorName:reason:)`` if they contradict each other.
  /// - Complexity: nearly linear in the storages and the parts of all elided results.
  static func groups(of table: StorageTable, in graph: Graph) throws(SchedulingError) -> [RigidGroup] {
    var forest = OffsetForest(count: table.storages.count)
    for elision in table.elisions {
      var end = 0
      for part in elision.parts {
        guard forest.tie(part, behind: elision.parts[0], by: end) else {
          throw contradiction(graph[elision.operatorID].name)
        }
        end += table.storages[part].bytes
      }
    }
    var members: [Int: [Part]] = [:]
    for storage in Set(table.elisions.flatMap(\.parts)) {
      let place = forest.place(of: storage)
      members[place.root, default: []].append(Part(storage: storage, offset: place.offset))
    }
    var groups: [RigidGroup] = []
    for key in members.keys.sorted() {
      let sorted = members[key, default: []].sorted { ($0.offset, $0.storage) < ($1.offset, $1.storage) }
      for (lower, upper) in zip(sorted, sorted.dropFirst())
      where lower.offset + table.storages[lower.storage].bytes > upper.offset {
        let culprit = table.elisions.last {
          $0.parts.contains(lower.storage) || $0.parts.contains(upper.storage)
        }
        throw contradiction(culprit.map { graph[$0.operatorID].name } ?? "")
      }
      groups.append(
        RigidGroup(
          parts: sorted.map { Part(storage: $0.storage, offset: $0.offset - sorted[0].offset) }))
    }
    return groups
  }

  private static func contradiction(_ name: String) -> SchedulingError {
    .concatNotElidable(
      operatorName: name, reason: "another one that is elided puts the same storage elsewhere")
  }
}

/// Disjoint sets of storages, each with its offset from the root of its set.
private struct OffsetForest {
  private var parents: [Int]
  private var offsets: [Int]

  init(count: Int) {
    parents = Array(0..<count)
    offsets = [Int](repeating: 0, count: count)
  }

  /// The root of a storage's set and the storage's offset from it.
  mutating func place(of storage: Int) -> (root: Int, offset: Int) {
    var path: [Int] = []
    var root = storage
    while parents[root] != root {
      path.append(root)
      root = parents[root]
    }
    var offset = 0
    for node in path.reversed() {
      offset += offsets[node]
      parents[node] = root
      offsets[node] = offset
    }
    return (root, offset)
  }

  /// Fixes `storage` at `distance` bytes behind the start of `origin`; false if it is fixed elsewhere already.
  mutating func tie(_ storage: Int, behind origin: Int, by distance: Int) -> Bool {
    let (host, start) = place(of: origin)
    let (root, offset) = place(of: storage)
    if root == host { return offset == start + distance }
    parents[root] = host
    offsets[root] = start + distance - offset
    return true
  }
}
