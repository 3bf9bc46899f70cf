import ComputationGraph
import MemoryPlanning

/// Ways from one choice to a better one.
extension RewritingSearch {
  /// A change of a choice.
  private enum Move {
    case divide(Set<Int>)
    case restore(Set<Int>)
    case elide(Set<String>)
    case copy(Set<String>)
    /// Divide and no longer elide.
    case divideInstead(Set<Int>, of: String)
    case accumulate(Int, [Int])

    func applied(to choice: RewritingChoice) -> RewritingChoice {
      switch self {
      case .divide(let nodes): return choice.adding(nodes: nodes)
      case .restore(let nodes): return choice.removing(nodes: nodes)
      case .elide(let results): return choice.adding(elided: results)
      case .copy(let results): return choice.removing(elided: results)
      case .divideInstead(let nodes, let result):
        return choice.adding(nodes: nodes).removing(elided: [result])
      case .accumulate(let node, let order):
        var result = choice
        result.plan.accumulation[node] = order
        return result
      }
    }
  }

  /// The best choice on the ways that treat all sites at the peak alike: divided, elided, or both.
  ///
  /// Several hills may be equally high, and a site lowers its own only. So each way goes on with the sites at the
  /// next peak, also where that is no lower, until it falls or nothing is left to do.
  mutating func descent(from best: RewritingOutcome) throws(ONNXError) -> RewritingOutcome {
    var lowest = best
    for (divides, elides) in [(true, false), (false, true), (true, true)]
    where (!divides || methods.contains(.partitioning)) && (!elides || methods.contains(.elision)) {
      var current = best
      for _ in 0..<maximumHills where !isExhausted {
        var choice = current.choice
        let regions = regionsAtPeak(of: current)
        if divides { choice = choice.adding(nodes: regions.reduce(into: []) { $0.formUnion($1.nodes) }) }
        if elides { choice = choice.adding(elided: concatsAtPeak(of: current)) }
        if choice == current.choice { break }
        let next = try trial(choice)
        if next.choice == current.choice { break }
        current = next
        if current.isBetter(than: lowest) { lowest = current }
        if current.peakBytes < best.peakBytes { break }
      }
    }
    return lowest
  }

  /// The choice with single changes at the peak made as long as they make it better.
  mutating func polished(_ outcome: RewritingOutcome) throws(ONNXError) -> RewritingOutcome {
    var current = outcome
    var isImproved = true
    while isImproved, !isExhausted {
      isImproved = false
      for move in moves(at: current) where !isExhausted {
        let choice = move.applied(to: current.choice)
        if let next = try trial(choice, betterThan: current) {
          current = next
          isImproved = true
        }
      }
    }
    return current
  }

  /// The choice without the sites that the peak is no higher without.
  mutating func pruned(_ outcome: RewritingOutcome) throws(ONNXError) -> RewritingOutcome {
    var current = outcome
    var moves: [Move] = []
    for region in sites.regions { moves += region.moves.map(Move.restore) }
    moves += current.choice.plan.nodes.sorted(by: >).map { .restore([$0]) }
    moves += current.choice.elided.sorted().map { .copy([$0]) }
    for move in moves where !isExhausted {
      let choice = move.applied(to: current.choice)
      if let next = try trial(choice, betterThan: current) { current = next }
    }
    return current
  }

  private func regionsAtPeak(of outcome: RewritingOutcome) -> [RewritingSites.Region] {
    let tensors = outcome.tensorsAtPeak()
    return sites.regions.filter { !$0.tensors.isDisjoint(with: tensors) }
  }

  /// The results of the Concats of the rewritten graph that occupy memory at the peak themselves or whose inputs do.
  private func concatsAtPeak(of outcome: RewritingOutcome) -> Set<String> {
    let tensors = outcome.tensorsAtPeak()
    let graph = outcome.problem.graph
    var results: Set<String> = []
    for node in graph.operators where node.kind.typeName == "Concat" && !node.outputs.isEmpty {
      if (node.outputs + node.inputs).contains(where: { tensors.contains(graph[$0].name) }) {
        results.insert(graph[node.outputs[0]].name)
      }
    }
    return results
  }

  private func moves(at outcome: RewritingOutcome) -> [Move] {
    var moves: [Move] = []
    if methods.contains(.partitioning) {
      for region in regionsAtPeak(of: outcome) {
        moves += region.moves.map(Move.divide)
        if outcome.choice.elided.contains(region.result) {
          moves += region.moves.map { .divideInstead($0, of: region.result) }
        }
        moves += region.moves.map(Move.restore)
      }
      moves += accumulations(at: outcome)
    }
    if methods.contains(.elision) {
      for result in concatsAtPeak(of: outcome).sorted() {
        moves.append(outcome.choice.elided.contains(result) ? .copy([result]) : .elide([result]))
      }
    }
    return moves
  }

  /// Other orders of adding up: as the branches become available in the best order, and the other way round.
  private func accumulations(at outcome: RewritingOutcome) -> [Move] {
    let tensors = outcome.tensorsAtPeak()
    let graph = outcome.problem.graph
    var stepOf: [String: Int] = [:]
    for (step, id) in outcome.schedule.order.enumerated() {
      for output in graph[id].outputs { stepOf[graph[output].name] = step }
    }
    var moves: [Move] = []
    for (node, rule) in outcome.resolved.rules.sorted(by: { $0.key < $1.key }) {
      guard case .partialSum = rule, let names = outcome.resolved.names[node], names.tensors.count > 1,
        !tensors.isDisjoint(with: names.tensors + names.sumTensors),
        let source = outcome.resolved.sources[node],
        let parts = outcome.resolved.divided[source]?.partition.parts
      else { continue }
      let byStep = parts.indices.sorted {
        (stepOf[parts[$0].tensor] ?? -1, $0) < (stepOf[parts[$1].tensor] ?? -1, $1)
      }
      for order in [byStep, Array(byStep.reversed()), Array(parts.indices)]
      where order != outcome.choice.plan.accumulation[node] ?? Array(parts.indices) {
        moves.append(.accumulate(node, order))
      }
    }
    return moves
  }
}
