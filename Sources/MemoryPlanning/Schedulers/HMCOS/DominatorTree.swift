/// The dominator tree of an acyclic graph: u dominates v if every path from a vertex without predecessors to v
/// goes through u. The tree of the reversed graph is the post-dominator tree.
///
/// HMCOS uses the algorithm of Lengauer and Tarjan; without cycles the same tree comes of one sweep, since the
/// immediate dominator of a vertex is the nearest common ancestor of its predecessors.
package struct DominatorTree {
  /// The immediate dominator of each vertex; nil where no single vertex dominates it.
  package private(set) var parents: [Int?]
  /// The vertices that each vertex dominates immediately, ascending.
  package private(set) var children: [[Int]]

  /// - Complexity: O(edges · log vertices).
  package init(_ graph: DirectedGraph) {
    let root = graph.count
    var depth = [Int](repeating: 0, count: graph.count + 1)
    // ancestors[v][i] is 2^i levels above v.
    var ancestors = [[Int]](repeating: [root], count: graph.count + 1)
    func common(_ a: Int, _ b: Int) -> Int {
      var (a, b) = depth[a] >= depth[b] ? (a, b) : (b, a)
      while depth[a] > depth[b] { a = ancestors[a].last { depth[$0] >= depth[b] } ?? root }
      while a != b {
        let farthest = zip(ancestors[a], ancestors[b]).reversed().first { $0 != $1 }
        (a, b) = farthest ?? (ancestors[a][0], ancestors[b][0])
      }
      return a
    }
    parents = [Int?](repeating: nil, count: graph.count)
    children = [[Int]](repeating: [], count: graph.count)
    for vertex in graph.reversePostOrder() {
      let before = graph.predecessors[vertex]
      let parent = before.dropFirst().reduce(before.first ?? root, common)
      depth[vertex] = depth[parent] + 1
      var jumps = [parent]
      while let previous = jumps.last, previous != root, ancestors[previous].count >= jumps.count {
        jumps.append(ancestors[previous][jumps.count - 1])
      }
      ancestors[vertex] = jumps
      if parent != root { parents[vertex] = parent }
    }
    for (vertex, parent) in parents.enumerated() { if let parent { children[parent].append(vertex) } }
  }
}
