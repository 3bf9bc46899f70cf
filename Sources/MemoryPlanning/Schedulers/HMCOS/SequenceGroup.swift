/// Sequences that are scheduled as one unit, with what connects them to the rest.
struct SequenceGroup {
  /// The member sequences, in depth-first reverse post-order inside the group.
  let members: [Int]
  /// Members that read a value from outside (the in frontier).
  let entries: [Int]
  /// Members whose values are read outside or that nobody waits for (the out frontier).
  let exits: [Int]
  /// Storages that come from outside and that operators outside read too, ascending: which of them die with the
  /// group depends on what has run before. Together they are the group's context.
  let sharedInputs: [Int]
  /// The operators outside the group that read each of ``sharedInputs``.
  let outsideReaders: [[Int]]
  /// All operators, in the order of ``members``: reverse post-order.
  let operators: [Int]

  init(_ sequences: Set<Int>, partition: SequencePartition, problem: MemoryProblem) {
    let graph = partition.graph
    entries = sequences.filter { !graph.predecessors[$0].allSatisfy(sequences.contains) }.sorted()
    let exits = sequences.filter {
      graph.successors[$0].isEmpty || !graph.successors[$0].allSatisfy(sequences.contains)
    }.sorted()
    self.exits = exits
    members = depthFirstPostOrder(count: graph.count, roots: exits) {
      graph.predecessors[$0].filter(sequences.contains)
    }
    operators = members.flatMap { partition.sequences[$0] }
    let inside = Set(operators)
    var readers: [Int: [Int]] = [:]
    for storage in Set(operators.flatMap { problem.inputStorages[$0] }) {
      if let producer = problem.storages[storage].producer, inside.contains(producer.index) { continue }
      let outside = problem.storages[storage].readers.map(\.index).filter { !inside.contains($0) }
      if !outside.isEmpty, !problem.storages[storage].isKept { readers[storage] = outside }
    }
    sharedInputs = readers.keys.sorted()
    outsideReaders = sharedInputs.map { readers[$0] ?? [] }
  }

  /// Which of ``sharedInputs`` the group is the last to read, when the operators in `executed` have run.
  func killed(after executed: BitSet) -> BitSet {
    var result = BitSet(capacity: sharedInputs.count)
    for (index, readers) in outsideReaders.enumerated() where readers.allSatisfy(executed.contains) {
      result.insert(index)
    }
    return result
  }
}
