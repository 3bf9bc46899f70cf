import ComputationGraph

extension MemoryBound {
  /// The most that some operator forces on every order, by minimum cuts.
  ///
  /// Just before an order runs v, it has executed a set that holds all ancestors of v and neither v nor its
  /// descendants. The least that any such set leaves live while v runs is a minimum cut; the largest of these over
  /// all v is a lower bound of the peak, never below ``trivial(_:)`` and never above the optimum. In-place is priced
  /// exactly: one cut per storage that v may overwrite.
  ///
  /// - Parameters:
  ///   - orders: valid orders, the better the fewer cuts: an operator that some order runs within the bound so far
  ///     cannot raise it and needs no cut.
  ///   - maximumCuts: stop after this many; what is found until then is a bound. Nil for 256, fewer on graphs of more
  ///     than 4,000 operators, where each takes longer.
  ///   - deadline: stop when it has passed.
  /// - Returns: the bound, the operator that forces it, and how many cuts were needed; 0 and nil for a graph without
  ///   operators.
  /// - Complexity: a maximum flow over operators and storages per cut.
  public static func forcedPassage(
    _ problem: MemoryProblem, orders: [[OperatorID]], maximumCuts: Int? = nil,
    deadline: ContinuousClock.Instant? = nil
  ) -> (bytes: Int, operatorID: OperatorID?, cuts: Int) {
    let maximumCuts = maximumCuts ?? max(16, min(256, 1_000_000 / max(1, problem.graph.operators.count)))
    var ceiling = [Int](repeating: .max, count: problem.graph.operators.count)
    for order in orders {
      var state = LiveState(problem)
      for id in order { ceiling[id.index] = min(ceiling[id.index], state.run(id)) }
    }
    var best: (bytes: Int, operatorID: OperatorID?) = trivial(problem)
    var cuts = 0
    for id in problem.graph.operatorIDs.sorted(by: { (-ceiling[$0.index], $0) < (-ceiling[$1.index], $1) }) {
      guard ceiling[id.index] > best.bytes, cuts < maximumCuts else { break }
      if let deadline, ContinuousClock.now > deadline { break }
      let passage = ForcedPassage(problem, id)
      let least =
        problem.overwritableStorages[id.index].map { passage.leastBytes(overwriting: $0) }.min()
        ?? passage.leastBytes(overwriting: nil)
      cuts += max(problem.overwritableStorages[id.index].count, 1)
      if least > best.bytes { best = (least, id) }
    }
    return (best.bytes, best.operatorID, cuts)
  }
}

/// The sets of operators that can have been executed just before one operator runs.
private struct ForcedPassage {
  private enum Place { case executed, open, ahead }

  private let problem: MemoryProblem
  private let id: OperatorID
  private var places: [Place]

  init(_ problem: MemoryProblem, _ id: OperatorID) {
    self.problem = problem
    self.id = id
    places = [Place](repeating: .open, count: problem.graph.operators.count)
    places[id.index] = .ahead
    mark(.executed, from: problem.graph.predecessors[id.index], along: problem.graph.predecessors)
    mark(.ahead, from: problem.graph.successors[id.index], along: problem.graph.successors)
  }

  private mutating func mark(_ place: Place, from start: [OperatorID], along edges: [[OperatorID]]) {
    var stack = start
    while let next = stack.popLast() {
      if places[next.index] != .open { continue }
      places[next.index] = place
      stack += edges[next.index]
    }
  }

  /// The fewest bytes live while the operator runs, if it may overwrite `overwritten` and nothing else.
  func leastBytes(overwriting overwritten: Int?) -> Int {
    let (source, sink) = (places.count, places.count + 1)
    var network = MaximumFlow(nodeCount: places.count + 2)
    for index in places.indices where places[index] == .open {
      for before in problem.graph.predecessors[index] where places[before.index] == .open {
        network.addArc(from: index, to: before.index, capacity: MaximumFlow.infinite)
      }
    }
    var fixed = problem.outputBytes[id.index] + problem.workspaceBytes[id.index]
    for (index, storage) in problem.storages.enumerated() where storage.bytes > 0 {
      let place = storage.producer.map { places[$0.index] } ?? .executed
      if place == .ahead { continue }
      let readers = storage.readers.filter {
        places[$0.index] != .executed && !(index == overwritten && $0 == id)
      }
      let isNeeded = storage.isKept || readers.contains { places[$0.index] == .ahead }
      if readers.isEmpty, !isNeeded { continue }
      if isNeeded, place == .executed {
        fixed += storage.bytes
      } else if isNeeded {
        network.addArc(from: storage.producer!.index, to: sink, capacity: storage.bytes)
      } else {
        let node = network.addNode()
        let origin = place == .executed ? source : storage.producer!.index
        network.addArc(from: origin, to: node, capacity: storage.bytes)
        for reader in readers { network.addArc(from: node, to: reader.index, capacity: MaximumFlow.infinite) }
      }
    }
    return fixed + network.maximize(from: source, to: sink)
  }
}
