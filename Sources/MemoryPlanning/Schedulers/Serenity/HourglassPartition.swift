import ComputationGraph

/// Where a graph falls into pieces that can be scheduled apart: after every *hourglass*, an operator that is
/// comparable with every other one.
///
/// All that comes before an hourglass in one order comes before it in every order, so every valid order is a
/// concatenation of orders of the pieces.
struct HourglassPartition {
  /// The last position of every piece in any valid order; the last one is the graph's.
  let ends: [Int]

  /// Finds the hourglasses by two scans over Kahn's order.
  ///
  /// The operator at position p is one if every operator before it has a successor no later than p, and every one
  /// after it a predecessor no earlier than p: by induction these lead to it and come from it.
  ///
  /// - Complexity: linear in operators and dependencies.
  init(_ graph: Graph, kahnOrder order: [OperatorID]) {
    var position = [Int](repeating: 0, count: order.count)
    for (step, id) in order.enumerated() { position[id.index] = step }
    var allAfterDescend = [Bool](repeating: true, count: order.count)
    var earliest = Int.max
    for step in order.indices.reversed() {
      allAfterDescend[step] = earliest >= step
      let latestPredecessor = graph.predecessors[order[step].index].reduce(-1) { max($0, position[$1.index]) }
      earliest = min(earliest, latestPredecessor)
    }
    var ends: [Int] = []
    var latest = -1
    for step in order.indices {
      if latest <= step, allAfterDescend[step] { ends.append(step) }
      let earliestSuccessor = graph.successors[order[step].index].reduce(Int.max) {
        min($0, position[$1.index])
      }
      latest = max(latest, earliestSuccessor)
    }
    if let last = order.indices.last, ends.last != last { ends.append(last) }
    self.ends = ends
  }
}
