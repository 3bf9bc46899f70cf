import ComputationGraph

/// Joins operators to blocks as long as some best order keeps them together: the iterative graph fusion of
/// ``FusionILPScheduler``, with conditions that are proved here.
///
/// Notation: live(S) is what the set S of executed operators leaves live, f_v(S) the bytes while v runs after S. Each
/// storage contributes to live(S) a constant, [produced in S], or that minus [all readers in S]; so live is
/// submodular, live(X ∪ Y) + live(X ∩ Y) ≤ live(X) + live(Y), and stays so on the sets that cut no block in two.
///
/// **Followers.** Let u be a block, A the blocks before it, and C a sequence of blocks after u that waits for nothing
/// outside A ∪ u ∪ C. If after A ∪ u (1) no block of C peaks higher than u did, and (2) live(A ∪ u ∪ C) ≤
/// live(A ∪ u ∪ C′) for every part C′ of C that can run first, then some best order runs C right after u.
/// *Proof.* (a) The conditions hold after every larger set A' ∪ u as well, where A' has neither u nor C: by
/// submodularity, what C or a part of it adds to the level only shrinks as the set grows, also against the level
/// inside u; an operator of C can only gain the right to overwrite its input; an operator of u that gains it for a
/// storage t has t freed right after it, which lowers the levels of C by the same size(t). So f_c − f_u never grows.
/// (b) Take a best order, drop C from behind u and put it right after u. An operator v that ran after S now runs after
/// S ∪ C, and live(S ∪ C) ≤ live(S) + live(A' ∪ u ∪ C) − live(S ∩ (A' ∪ u ∪ C)) ≤ live(S) by (2); outputs and
/// workspace are the same, and v overwrites whatever it overwrote before. So nothing rises, and C itself stays below
/// u by (1). ∎
///
/// **Preparations.** Let w be a block, Z ∪ C all blocks that are neither w nor after it, and C a sequence for which
/// nothing waits but C, w and blocks after w. If after Z (1) no block of C peaks higher than w does after Z ∪ C, and
/// (2) live(Z) ≤ live(Z ∪ C′) for every part C′ of C, then some best order runs C right before w.
/// *Proof.* (a) As above, mirrored: from a smaller set the level inside w lies at least as high above those inside C;
/// an operator of C that loses the right to overwrite t there also loses that t is freed before w runs, which repays
/// it. (b) Move C to right before w. An operator v that ran after S now runs after S \ C. With Z' the set before w
/// less C, live(S \ C) ≤ live(S) + live(Z') − live(S ∪ Z') ≤ live(S). If v overwrote t in S and may not in S \ C, then
/// some reader of t is in C; t is live in S, S \ C and Z' and freed in S ∪ Z', so the inequality has size(t) to
/// spare, which is the credit that v lost. ∎
///
/// The same holds where blocks are sequences already, since v was any operator inside a block and C moves as a whole.
/// Graph inputs that nobody reads weigh on the first operator alone: followers never change which that is, and
/// preparations that could be the first to run are left where they are. The two rules with single blocks give each chain
/// its hill–valley form, hills falling and valleys rising; with sets they swallow parallel branches that come back
/// together. Replacing a single-entry, single-exit part that is *not* to run in one piece by a chain is left out: for
/// storages with several readers across its border there is no proof of it here.
package struct GraphFusion {
  /// What is left.
  private(set) var graph: FusedGraph
  private var probe: BlockProbe
  private let maximumStates = 32
  private let maximumBlocks = 24

  /// Joins operators until nothing more can be joined, or the deadline has passed.
  package init(_ problem: MemoryProblem, deadline: ContinuousClock.Instant? = nil) {
    graph = FusedGraph(problem)
    probe = BlockProbe(problem)
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      for anchor in graph.anchors where !graph.members[anchor].isEmpty {
        if let deadline, ContinuousClock.now > deadline { return }
        while let followers = followers(of: anchor) {
          graph.append(followers, to: anchor)
          hasChanged = true
        }
        while let preparations = preparations(of: anchor) {
          graph.prepend(preparations, to: anchor)
          hasChanged = true
        }
      }
    }
  }

  /// The sequences that can be kept together, in an order in which they can run.
  package var blocks: [[OperatorID]] {
    graph.blocks(inOrderOf: graph.problem.graph.kahnOrder()).map { graph.members[$0].map(OperatorID.init) }
  }

  /// A valid order made such that blocks stay together: every block where its anchor was. Its peak is not higher.
  ///
  /// - Precondition: `order` is valid.
  package func order(like order: [OperatorID]) -> [OperatorID] {
    graph.operators(of: graph.blocks(inOrderOf: order))
  }

  // MARK: Followers

  private mutating func followers(of anchor: Int) -> [Int]? {
    let (graph, order) = (graph, graph.order)
    let isExecuted = { (block: Int) in order.precedes(block, anchor) }
    guard
      let found = search(
        from: anchor, next: { graph.successors(of: $0) },
        isBlocked: { block, chosen in
          !graph.predecessors(of: block).allSatisfy {
            $0 == anchor || chosen.contains($0) || order.precedes($0, anchor)
          }
        },
        state: { probe, chosen in
          let steps = probe.steps(of: [anchor] + chosen, in: graph, after: isExecuted)
          let fits = chosen.isEmpty || steps[chosen.count].peak <= steps[0].peak
          return (fits, steps[chosen.count].level - steps[0].level)
        })
    else { return nil }
    let least = LeastPart(graph, blocks: found, after: { $0 == anchor || isExecuted($0) }).largest()
    let chosen = found.filter { least.contains($0) }
    let steps = probe.steps(of: [anchor] + chosen, in: graph, after: isExecuted)
    return !chosen.isEmpty && steps.allSatisfy { $0.peak <= steps[0].peak } ? chosen : nil
  }

  // MARK: Preparations

  private mutating func preparations(of anchor: Int) -> [Int]? {
    let (graph, order) = (graph, graph.order)
    let mustKeepFirst = graph.problem.unusedInputBytes > 0
    func isExecuted(_ chosen: [Int]) -> (Int) -> Bool {
      { $0 != anchor && !order.precedes(anchor, $0) && !chosen.contains($0) }
    }
    guard
      let found = search(
        from: anchor, next: { graph.predecessors(of: $0) },
        isBlocked: { block, chosen in
          mustKeepFirst && graph.predecessors(of: block).isEmpty
            || !graph.successors(of: block).allSatisfy {
              $0 == anchor || chosen.contains($0) || order.precedes(anchor, $0)
            }
        },
        state: { probe, chosen in
          let steps = probe.steps(of: chosen.reversed() + [anchor], in: graph, after: isExecuted(chosen))
          // The state is what is left when the chosen blocks are taken back: below where they lead by that much.
          return (
            steps[0].peak <= steps[chosen.count].peak, chosen.isEmpty ? 0 : -steps[chosen.count - 1].level
          )
        })
    else { return nil }
    let least = LeastPart(graph, blocks: found, after: isExecuted(found)).smallest()
    let chosen = found.reversed().filter { !least.contains($0) }
    let steps = probe.steps(of: chosen + [anchor], in: graph, after: isExecuted(chosen))
    return !chosen.isEmpty && steps.allSatisfy { $0.peak <= steps[chosen.count].peak } ? chosen : nil
  }

  // MARK: Search

  /// Looks, lowest level first, for blocks around `anchor` that fit and bring the level back to where it was or below.
  ///
  /// - Parameters:
  ///   - next: the blocks that may be chosen because of a block.
  ///   - isBlocked: whether a block cannot be chosen next.
  ///   - state: whether the last chosen block fits, and the level with all of them.
  /// - Returns: the blocks in the order in which they were chosen.
  private mutating func search(
    from anchor: Int, next: (Int) -> [Int], isBlocked: (Int, [Int]) -> Bool,
    state: (inout BlockProbe, [Int]) -> (fits: Bool, level: Int)
  ) -> [Int]? {
    var open: [(level: Int, chosen: [Int])] = [(0, [])]
    var seen: Set<Set<Int>> = [[]]
    var expanded = 0
    while expanded < maximumStates,
      let index = open.indices.min(by: {
        (open[$0].level, -open[$0].chosen.count, $0) < (open[$1].level, -open[$1].chosen.count, $1)
      })
    {
      let chosen = open.remove(at: index).chosen
      expanded += 1
      if chosen.count == maximumBlocks { continue }
      let candidates = Set(([anchor] + chosen).flatMap(next)).subtracting(chosen).subtracting([anchor])
        .sorted()
      for candidate in candidates where !isBlocked(candidate, chosen) {
        let extended = chosen + [candidate]
        guard seen.insert(Set(extended)).inserted else { continue }
        let (fits, level) = state(&probe, extended)
        if !fits { continue }
        if level <= 0 { return extended }
        open.append((level, extended))
      }
    }
    return nil
  }
}
