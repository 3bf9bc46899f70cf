/// An acyclic graph of dense vertices, with the edges in both directions.
package struct DirectedGraph {
  /// The distinct vertices after each vertex, ascending.
  package private(set) var successors: [[Int]]
  /// The distinct vertices before each vertex, ascending.
  package private(set) var predecessors: [[Int]]

  /// Creates a graph from each vertex's successors, in any order and with repetitions.
  package init(successors unsorted: [[Int]]) {
    successors = unsorted.map { Set($0).sorted() }
    predecessors = [[Int]](repeating: [], count: unsorted.count)
    for (vertex, after) in successors.enumerated() { for next in after { predecessors[next].append(vertex) } }
  }

  package var count: Int { successors.count }

  /// The same vertices with every edge turned round.
  package var reversed: DirectedGraph { DirectedGraph(successors: predecessors) }

  /// Depth-first order from the vertices without successors, each vertex after all its predecessors; ties by index.
  package func reversePostOrder() -> [Int] {
    depthFirstPostOrder(count: count, roots: successors.indices.filter { successors[$0].isEmpty }) {
      predecessors[$0]
    }
  }

  /// The graph whose vertices are the parts that `part` assigns; edges inside a part disappear.
  package func quotient(count: Int, part: [Int]) -> DirectedGraph {
    var merged = [[Int]](repeating: [], count: count)
    for (vertex, after) in successors.enumerated() {
      merged[part[vertex]] += after.lazy.map { part[$0] }.filter { $0 != part[vertex] }
    }
    return DirectedGraph(successors: merged)
  }
}
