/// The dominator tree of an acyclic graph: u dominates v if every path from a vertex without predecessors to v
/// goes through u. The tree of the reversed graph is the post-dominator tree.
///
/// HMCOS uses the algorithm of Lengauer and Tarjan; without cycles the same tree comes of one sweep, since the
/// immediate dominator of a vertex is the nearest common ancestor of its predecessors.
struct DominatorTree {
  private var firstVisit: [Int]
  private var lastVisit: [Int]
  private var subtreeOrder: [Int]

  /// - Complexity: O(edges · log vertices).
  init(_ graph: DirectedGraph) {
    let root = graph.count
    var depth = [Int](repeating: 0, count: graph.count + 1)
    var ancestors = [[Int]](repeating: [root], count: graph.count + 1)
    func common(_ a: Int, _ b: Int) -> Int {
      var (a, b) = depth[a] >= depth[b] ? (a, b) : (b, a)
      while depth[a] > depth[b] {
        a = ancestors[a].last { depth[$0] >= depth[b] } ?? root
      }
      while a != b {
        let level = zip(ancestors[a], ancestors[b]).reversed().first { $0 != $1 }
        (a, b) = level ?? (ancestors[a][0], ancestors[b][0])
      }
      return a
    }
    var children = [[Int]](repeating: [], count: graph.count + 1)
    for vertex in graph.reversePostOrder() {
      let before = graph.predecessors[vertex]
      let parent = before.dropFirst().reduce(before.first ?? root, common)
      depth[vertex] = depth[parent] + 1
      var jumps = [parent]
      while let previous = jumps.last, previous != root, ancestors[previous].count >= jumps.count {
        jumps.append(ancestors[previous][jumps.count - 1])
      }
      ancestors[vertex] = jumps
      children[parent].append(vertex)
    }
    let postOrder = depthFirstPostOrder(count: graph.count + 1, roots: [root]) { children[$0] }
    subtreeOrder = postOrder
    lastVisit = [Int](repeating: 0, count: graph.count + 1)
    firstVisit = lastVisit
    for (position, vertex) in postOrder.enumerated() {
      lastVisit[vertex] = position
      firstVisit[vertex] = children[vertex].first.map { firstVisit[$0] } ?? position
    }
  }

  /// Whether every path to `vertex` goes through `dominator`; a vertex dominates itself.
  func dominates(_ dominator: Int, _ vertex: Int) -> Bool {
    firstVisit[dominator] <= lastVisit[vertex] && lastVisit[vertex] <= lastVisit[dominator]
  }

  /// All vertices that `vertex` dominates, itself last.
  func dominated(by vertex: Int) -> ArraySlice<Int> { subtreeOrder[firstVisit[vertex]...lastVisit[vertex]] }
}
