import ComputationGraph

/// The operators of a graph in runs that are executed without interruption.
///
/// Every operator starts a sequence. A sequence goes on through its last operator's only successor, whose only
/// predecessor that is, as long as the memory level while that operator runs is not above the highest level so far
/// in the sequence and the level after it is not above the current one: a chain is cut where it would climb a new
/// hill or end higher.
struct SequencePartition {
  /// The operators of each sequence; sequences in depth-first reverse post-order of their first operators.
  private(set) var sequences: [[Int]] = []
  /// The sequence of each operator.
  private(set) var sequenceOfOperator: [Int]
  /// The dependencies between sequences.
  let graph: DirectedGraph

  init(_ problem: MemoryProblem, evaluator: IdealEvaluator) {
    let operators = problem.graph
    sequenceOfOperator = [Int](repeating: -1, count: operators.operators.count)
    var executed = BitSet(capacity: operators.operators.count)
    for first in ReversePostOrderScheduler.order(of: operators) where sequenceOfOperator[first.index] < 0 {
      var level = 0
      var highest = evaluator.run(first.index, executed: &executed, live: &level)
      var members = [first.index]
      var last = first
      while let next = operators.successors[last.index].first, operators.successors[last.index].count == 1,
        operators.predecessors[next.index].count == 1
      {
        var after = level
        let during = evaluator.run(next.index, executed: &executed, live: &after)
        if during > highest || after > level {
          executed.remove(next.index)
          break
        }
        highest = max(highest, during)
        level = after
        members.append(next.index)
        last = next
      }
      for member in members {
        sequenceOfOperator[member] = sequences.count
        executed.remove(member)
      }
      sequences.append(members)
    }
    var successors = [[Int]](repeating: [], count: sequences.count)
    for (index, members) in sequences.enumerated() {
      for successor in operators.successors[members[members.count - 1]] {
        successors[index].append(sequenceOfOperator[successor.index])
      }
    }
    graph = DirectedGraph(successors: successors)
  }
}
