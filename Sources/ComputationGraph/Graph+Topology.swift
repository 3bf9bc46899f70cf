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
