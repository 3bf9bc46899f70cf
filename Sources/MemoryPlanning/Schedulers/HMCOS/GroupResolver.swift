/// Orders the inside of groups, and remembers the orders by context.
///
/// The context of a group is which of the values it reads die with it; apart from the level at which it starts,
/// nothing else outside matters to it.
struct GroupResolver {
  private struct Context: Hashable {
    let group: Int
    let killed: BitSet
  }

  /// What is known of a group in a context; peaks count from the level at which it starts.
  private struct Memo {
    let reversePostOrderPeak: Int
    var searched: HierarchicalSearch.Solution?
    /// The search found nothing with at most this peak.
    var failedBudget = Int.min
  }

  private let hierarchy: Hierarchy
  private let evaluator: IdealEvaluator
  private let width: Int
  /// Elementary steps (about a nanosecond each) that searches may still take, in groups and outside.
  var remainingWork: Int
  private let deadline: ContinuousClock.Instant?
  private var memos: [Context: Memo] = [:]
  private let insides: [DirectedGraph]

  init(
    _ hierarchy: Hierarchy, evaluator: IdealEvaluator, width: Int, work: Int,
    deadline: ContinuousClock.Instant? = nil
  ) {
    self.hierarchy = hierarchy
    self.evaluator = evaluator
    self.width = width
    remainingWork = work
    self.deadline = deadline
    insides = hierarchy.groups.map { group in
      var number: [Int: Int] = [:]
      for (index, member) in group.members.enumerated() { number[member] = index }
      return DirectedGraph(
        successors: group.members.map { member in
          hierarchy.partition.graph.successors[member].compactMap { number[$0] }
        })
    }
  }

  /// Whether the deadline has passed.
  var isOutOfTime: Bool { deadline.map { ContinuousClock.now > $0 } ?? false }

  /// An order of the group's operators that stays within `budget` when they run from `executed`, or nil.
  ///
  /// In this order: reverse post-order if it does not lift the peak so far; what was found in this context before;
  /// a search inside the group with the budget that remains, unless `mayTrySearch` is false.
  mutating func resolve(
    _ index: Int, executed: BitSet, live: Int, peak: Int, budget: Int, mayTrySearch: Bool
  ) -> [Int]? {
    let group = hierarchy.groups[index]
    let context = Context(group: index, killed: group.killed(after: executed))
    var memo = memos[context] ?? newMemo(group, executed: executed)
    defer { memos[context] = memo }
    if live + memo.reversePostOrderPeak <= peak { return group.operators }
    let remaining = budget - live
    if memo.searched == nil, mayTrySearch, memo.failedBudget < remaining {
      var search = HierarchicalSearch(
        vertices: group.members.map(Hierarchy.Vertex.sequence), graph: insides[index], hierarchy: hierarchy,
        evaluator: evaluator, budget: live + remaining, width: width)
      let found = search.run(executed: executed, live: live, floor: live, groups: &self)
      memo.searched = found.map { HierarchicalSearch.Solution(order: $0.order, peak: $0.peak - live) }
      if found == nil { memo.failedBudget = remaining }
    }
    if let searched = memo.searched, searched.peak < memo.reversePostOrderPeak {
      return searched.peak <= remaining ? searched.order : nil
    }
    return memo.reversePostOrderPeak <= remaining ? group.operators : nil
  }

  private func newMemo(_ group: SequenceGroup, executed: BitSet) -> Memo {
    var (set, level) = (executed, 0)
    return Memo(reversePostOrderPeak: evaluator.run(group.operators, executed: &set, live: &level))
  }
}
