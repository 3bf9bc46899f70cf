/// The graph that the top level schedules: sequences, and groups that have not been dissolved yet.
struct Hierarchy {
  /// A unit of the search.
  enum Vertex: Hashable {
    /// One sequence, by its number.
    case sequence(Int)
    /// One group, by its number.
    case group(Int)
  }

  /// The sequences below.
  let partition: SequencePartition
  /// All groups that were formed.
  let groups: [SequenceGroup]
  /// The group that each sequence belongs to at present.
  private var groupOfSequence: [Int?]

  init(_ problem: MemoryProblem, evaluator: IdealEvaluator) {
    partition = SequencePartition(problem, evaluator: evaluator)
    groups = GroupFinder(problem, partition: partition).groups
    groupOfSequence = [Int?](repeating: nil, count: partition.sequences.count)
    for (index, group) in groups.enumerated() {
      for member in group.members { groupOfSequence[member] = index }
    }
  }

  /// Whether any group is left.
  var hasGroups: Bool { groupOfSequence.contains { $0 != nil } }

  /// The present vertices, numbered by their first sequence, and their dependencies.
  func vertices() -> (vertices: [Vertex], graph: DirectedGraph) {
    var vertices: [Vertex] = []
    var numberOfGroup: [Int: Int] = [:]
    var part = [Int](repeating: 0, count: groupOfSequence.count)
    for (sequence, group) in groupOfSequence.enumerated() {
      if let group, let number = numberOfGroup[group] {
        part[sequence] = number
        continue
      }
      part[sequence] = vertices.count
      if let group { numberOfGroup[group] = vertices.count }
      vertices.append(group.map(Vertex.group) ?? .sequence(sequence))
    }
    return (vertices, partition.graph.quotient(count: vertices.count, part: part))
  }

  /// Dissolves the groups that the operators `defining` belong to, and the groups that come directly after the
  /// sequences of these operators.
  ///
  /// - Returns: whether there was any.
  mutating func dissolve(defining: Set<Int>) -> Bool {
    var doomed: Set<Int> = []
    for sequence in Set(defining.map { partition.sequenceOfOperator[$0] }) {
      if let group = groupOfSequence[sequence] { doomed.insert(group) }
      for successor in partition.graph.successors[sequence] {
        if let group = groupOfSequence[successor] { doomed.insert(group) }
      }
    }
    dissolve(doomed)
    return !doomed.isEmpty
  }

  /// Dissolves every group that is left.
  mutating func dissolveAll() { dissolve(Set(groups.indices)) }

  private mutating func dissolve(_ doomed: Set<Int>) {
    for group in doomed { for member in groups[group].members { groupOfSequence[member] = nil } }
  }
}
