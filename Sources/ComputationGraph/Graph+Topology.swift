extension Graph {
  /// Kahn's order: repeatedly the ready operator with the smallest identifier among those that became ready
  /// first (a queue, not a stack). Shorter than the graph if there is a cycle.
  ///
  /// - Complexity: linear in operators and dependencies.
  public func kahnOrder() -> [OperatorID] {
    var waiting = predecessors.map(\.count)
    var queue = operatorIDs.filter { waiting[$0.index] == 0 }
    var head = 0
    while head < queue.count {
      let id = queue[head]
      head += 1
      for successor in successors[id.index] {
        waiting[successor.index] -= 1
        if waiting[successor.index] == 0 { queue.append(successor) }
      }
    }
    return queue
  }

  /// A depth-first order from the outputs, then from operators that nothing reads: an operator runs as soon as all that
  /// it needs has run, and what takes the longest chain runs first, so that results of short chains need not wait. A
  /// heuristic for few live tensors.
  ///
  /// - Precondition: the graph has no cycle.
  /// - Complexity: linear in operators and dependencies, but for sorting the predecessors of each.
  public func deepestFirstOrder() -> [OperatorID] {
    var depths = [Int](repeating: 0, count: operators.count)
    for id in kahnOrder() {
      depths[id.index] = predecessors[id.index].reduce(0) { max($0, depths[$1.index] + 1) }
    }
    var order: [OperatorID] = []
    var seen = [Bool](repeating: false, count: operators.count)
    let ends = operatorIDs.filter { successors[$0.index].isEmpty }
    // An operator stands on the stack before what it needs, and once more, as done, after that.
    var stack = (outputs.compactMap { producers[$0.index] } + ends).reversed().map { (id: $0, isDone: false) }
    while let (id, isDone) = stack.popLast() {
      if isDone {
        order.append(id)
      } else if !seen[id.index] {
        seen[id.index] = true
        stack.append((id: id, isDone: true))
        let needed = predecessors[id.index].filter { !seen[$0.index] }
        stack += needed.sorted { depths[$0.index] < depths[$1.index] }.map { (id: $0, isDone: false) }
      }
    }
    return order
  }

  /// Whether `order` names every operator once, each after all its predecessors.
  public func isValidOrder(_ order: [OperatorID]) -> Bool {
    guard order.count == operators.count else { return false }
    var position = [Int](repeating: -1, count: operators.count)
    for (step, id) in order.enumerated() {
      guard operators.indices.contains(id.index), position[id.index] < 0 else { return false }
      position[id.index] = step
    }
    return order.allSatisfy { id in
      predecessors[id.index].allSatisfy { position[$0.index] < position[id.index] }
    }
  }
}
