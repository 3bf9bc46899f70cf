import Foundations
import MemoryPlanning
import Testing

@Suite struct DominatorTreeTests {
  /// Against the definition: u dominates v if v cannot be reached from any source once u is taken away.
  @Test(arguments: 0..<4)
  func equalsTheDefinition(seed: UInt64) {
    var generator = SeededGenerator(seed: 900 + seed)
    for _ in 0..<150 {
      let count = Int.random(in: 1...40, using: &generator)
      let density = Double.random(in: 0.02...0.3, using: &generator)
      // Vertices are relabelled, so that their numbers say nothing about the order.
      let label = Array(0..<count).shuffled(using: &generator)
      var successors = [[Int]](repeating: [], count: count)
      for from in 0..<count {
        for to in (from + 1)..<max(count, from + 1)
        where to == from + 1 && Bool.random(using: &generator)
          || Double.random(in: 0..<1, using: &generator) < density
        {
          successors[label[from]].append(label[to])
        }
      }
      let graph = DirectedGraph(successors: successors)
      for direction in [graph, graph.reversed] {
        let tree = DominatorTree(direction)
        for vertex in 0..<count {
          let dominators = (0..<count).filter {
            $0 != vertex && !isReachable(vertex, in: direction, without: $0)
          }
          var chain: [Int] = []
          var above = tree.parents[vertex]
          while let next = above {
            chain.append(next)
            above = tree.parents[next]
          }
          #expect(chain.sorted() == dominators)
          #expect(tree.children[vertex] == (0..<count).filter { tree.parents[$0] == vertex })
        }
      }
    }
  }

  private func isReachable(_ vertex: Int, in graph: DirectedGraph, without removed: Int) -> Bool {
    var stack = (0..<graph.count).filter { graph.predecessors[$0].isEmpty && $0 != removed }
    var seen = Set(stack)
    while let next = stack.popLast() {
      if next == vertex { return true }
      for successor in graph.successors[next] where successor != removed && seen.insert(successor).inserted {
        stack.append(successor)
      }
    }
    return false
  }
}
