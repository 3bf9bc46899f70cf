import ComputationGraph

/// The nodes that could be divided, and which of them depend on which.
struct RewritingSites {
  /// One Concat and what reads it, directly or through operators that can be divided themselves.
  struct Region {
    /// The name of its result.
    let result: String
    /// Sets of nodes that make sense together: everything; each direct reader with all behind it; each path to a sum.
    let moves: [Set<Int>]
    /// All nodes that can be divided.
    var nodes: Set<Int> { moves.first ?? [] }
    /// The names of tensors that dividing changes.
    let tensors: Set<String>
  }

  let regions: [Region]

  /// - Complexity: linear in nodes and connections, and in the lengths of the paths.
  init(_ facts: PartitionableGraph) {
    let everything = PartitionPlan(nodes: Set(facts.proto.graph.node.indices))
    let full = ResolvedPartition(facts, everything)
    var children: [String: [Int]] = [:]
    for (index, source) in full.sources { children[source, default: []].append(index) }
    for (index, partition) in facts.concats where full.rules[index] == .flattening {
      for tensor in Set(partition.parts.map(\.tensor)) where full.divided[tensor] != nil {
        children[tensor, default: []].append(index)
      }
    }
    var regions: [Region] = []
    for concat in facts.concats.keys.sorted() {
      let result = facts.proto.graph.node[concat].output[0]
      let direct = (children[result] ?? []).sorted()
      var subtrees: [Set<Int>] = []
      var paths: [Set<Int>] = []
      for child in direct {
        var subtree: Set<Int> = []
        var open: [(node: Int, path: Set<Int>)] = [(child, [child])]
        while let (node, path) = open.popLast() {
          subtree.insert(node)
          if case .partialSum? = full.rules[node] { paths.append(path) }
          guard case .perPart? = full.rules[node] else { continue }
          for next in (children[facts.proto.graph.node[node].output[0]] ?? []).sorted() {
            open.append((next, path.union([next])))
          }
        }
        subtrees.append(subtree)
      }
      let all = subtrees.reduce(into: Set<Int>()) { $0.formUnion($1) }
      var moves: [Set<Int>] = []
      for move in [all] + subtrees + paths where !move.isEmpty && !moves.contains(move) { moves.append(move) }
      var tensors: Set<String> = [result]
      tensors.formUnion(facts.concats[concat]?.parts.map(\.tensor) ?? [])
      for node in all.union([concat]) {
        let output = facts.proto.graph.node[node].output[0]
        tensors.insert(output)
        tensors.formUnion(full.divided[output]?.partition.parts.map(\.tensor) ?? [])
        if let names = full.names[node] { tensors.formUnion(names.tensors + names.sumTensors) }
      }
      regions.append(Region(result: result, moves: moves, tensors: tensors))
    }
    self.regions = regions
  }
}
