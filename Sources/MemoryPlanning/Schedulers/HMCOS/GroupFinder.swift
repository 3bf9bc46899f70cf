import HeapModule

/// Finds the groups of a network of cells.
///
/// A *cell* belongs to every sequence that begins with a Concat: what that sequence post-dominates. Behind a cell
/// stands a second group where it pays, the *intrusion*: sequences of later cells that need nothing but this
/// cell's result and leave less memory live once they have run.
///
/// Reconstructed, so that the groups never depend on each other in a circle: a member of a cell keeps all its
/// successors inside the cell and belongs to no earlier group, and an intrusion contains no Concat and only
/// sequences whose predecessors are the Concat or in the intrusion themselves.
struct GroupFinder {
  private let problem: MemoryProblem
  private let partition: SequencePartition
  private let dominators: DominatorTree
  private let postDominators: DominatorTree
  private var isGrouped: [Bool]
  /// The position of each sequence in a topological order.
  private var position: [Int]
  private(set) var groups: [SequenceGroup] = []

  init(_ problem: MemoryProblem, partition: SequencePartition) {
    self.problem = problem
    self.partition = partition
    isGrouped = [Bool](repeating: false, count: partition.sequences.count)
    position = isGrouped.map { _ in 0 }
    let concats = partition.sequences.indices.filter { Self.isConcat(partition.sequences[$0][0], problem) }
    guard !concats.isEmpty else {
      dominators = DominatorTree(DirectedGraph(successors: []))
      postDominators = dominators
      return
    }
    dominators = DominatorTree(partition.graph)
    postDominators = DominatorTree(partition.graph.reversed)
    let order = partition.graph.reversePostOrder()
    for (index, sequence) in order.enumerated() { position[sequence] = index }
    for concat in order where Self.isConcat(partition.sequences[concat][0], problem) {
      addCell(concat)
      addIntrusion(after: concat)
    }
  }

  private static func isConcat(_ id: Int, _ problem: MemoryProblem) -> Bool {
    problem.graph.operators[id].kind.typeName == "Concat"
  }

  private mutating func addCell(_ concat: Int) {
    if isGrouped[concat] { return }
    let cell = region(of: concat, in: postDominators, needing: partition.graph.successors, latestFirst: true)
    {
      !isGrouped[$0]
    }
    if cell.count > 1 { add(cell) }
  }

  private mutating func addIntrusion(after concat: Int) {
    var open = region(of: concat, in: dominators, needing: partition.graph.predecessors, latestFirst: false) {
      !isGrouped[$0] && !Self.isConcat(partition.sequences[$0][0], problem)
    }
    open.remove(concat)
    guard open.count > 2 else { return }
    let intrusion = leastLiveSubset(of: open, after: concat)
    if intrusion.count > 2 { add(intrusion) }
  }

  /// The sequences below `root` in a dominator tree that are accepted together with all their neighbours towards
  /// the root, and the root.
  ///
  /// The tree parent of a member lies on its ways to the root and is a member, so only children of members are
  /// looked at.
  private func region(
    of root: Int, in tree: DominatorTree, needing neighbours: [[Int]], latestFirst: Bool,
    where accepts: (Int) -> Bool
  ) -> Set<Int> {
    var members: Set<Int> = [root]
    func rank(_ sequence: Int) -> Int { latestFirst ? -position[sequence] : position[sequence] }
    var open = Heap(tree.children[root].map { RankedSequence(rank: rank($0), sequence: $0) })
    while let sequence = open.popMin()?.sequence {
      if accepts(sequence), neighbours[sequence].allSatisfy(members.contains) {
        members.insert(sequence)
        open.insert(contentsOf: tree.children[sequence].map { RankedSequence(rank: rank($0), sequence: $0) })
      }
    }
    return members
  }

  private mutating func add(_ sequences: Set<Int>) {
    for sequence in sequences { isGrouped[sequence] = true }
    groups.append(SequenceGroup(sequences, partition: partition, problem: problem))
  }

  /// The subset of `open`, closed under predecessors, after which the results of `concat` and of the subset leave
  /// the fewest bytes live; the largest such subset. A minimum cut; see ``MaximumFlow``.
  private func leastLiveSubset(of open: Set<Int>, after concat: Int) -> Set<Int> {
    let sequences = open.sorted()
    let (source, sink) = (sequences.count, sequences.count + 1)
    var nodeOfSequence: [Int: Int] = [concat: source]
    for (node, sequence) in sequences.enumerated() { nodeOfSequence[sequence] = node }
    var network = MaximumFlow(nodeCount: sequences.count + 2)
    for sequence in sequences {
      for before in partition.graph.predecessors[sequence] where before != concat {
        network.addArc(
          from: nodeOfSequence[sequence]!, to: nodeOfSequence[before]!, capacity: MaximumFlow.infinite)
      }
    }
    for sequence in [concat] + sequences {
      for index in partition.sequences[sequence].flatMap({ problem.outputStorages[$0] }) {
        let storage = problem.storages[index]
        let readers = Set(storage.readers.map { partition.sequenceOfOperator[$0.index] })
        if readers.allSatisfy({ $0 == sequence }), !storage.isKept { continue }
        let node = network.addNode()
        network.addArc(from: nodeOfSequence[sequence]!, to: node, capacity: storage.bytes)
        if storage.isKept { network.addArc(from: node, to: sink, capacity: MaximumFlow.infinite) }
        for reader in readers.sorted() where reader != sequence {
          network.addArc(from: node, to: nodeOfSequence[reader] ?? sink, capacity: MaximumFlow.infinite)
        }
      }
    }
    _ = network.maximize(from: source, to: sink)
    let side = network.largestSourceSide(sink: sink)
    return Set(sequences.enumerated().filter { side[$0.offset] }.map(\.element))
  }
}

/// A sequence in a queue that is ordered by rank; ranks are distinct.
private struct RankedSequence: Comparable {
  let rank: Int
  let sequence: Int

  static func < (a: RankedSequence, b: RankedSequence) -> Bool { a.rank < b.rank }
}
