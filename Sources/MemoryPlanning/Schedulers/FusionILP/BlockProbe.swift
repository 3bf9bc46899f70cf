import ComputationGraph

/// Runs sequences of blocks from sets of executed blocks that are given by a rule, looking only at the storages that the
/// sequence touches. Levels are relative to the set's.
///
/// Graph inputs that nobody reads, which count at the first step only, are left out.
struct BlockProbe {
  /// What a block does when it runs.
  struct Step {
    /// The most bytes while one of its operators runs.
    var peak: Int
    /// Bytes after it.
    var level: Int
  }

  private var remaining: [Int]
  private var stamp: [Int]
  private var run = 0

  init(_ problem: MemoryProblem) {
    remaining = problem.storages.map(\.readers.count)
    stamp = [Int](repeating: 0, count: problem.storages.count)
  }

  /// Runs `blocks`, each of which must be ready when it comes.
  ///
  /// - Complexity: linear in the blocks' operators, the storages that they touch and the readers of these.
  mutating func steps(
    of blocks: [Int], in graph: FusedGraph, after isExecuted: (Int) -> Bool
  ) -> [Step] {
    run += 1
    var level = 0
    var steps: [Step] = []
    steps.reserveCapacity(blocks.count)
    let problem = graph.problem
    for block in blocks {
      var peak = Int.min
      for member in graph.members[block] {
        for storage in problem.inputStorages[member] where stamp[storage] != run {
          stamp[storage] = run
          remaining[storage] = problem.storages[storage].readers.reduce(0) {
            isExecuted(graph.block[$1.index]) ? $0 : $0 + 1
          }
        }
        let credit = problem.overwritableStorages[member].first { remaining[$0] == 1 }
        let out = problem.outputBytes[member]
        peak = max(
          peak,
          level + out + problem.workspaceBytes[member] - (credit.map { problem.storages[$0].bytes } ?? 0))
        level += out
        for storage in problem.inputStorages[member] {
          remaining[storage] -= 1
          if remaining[storage] == 0, !problem.storages[storage].isKept {
            level -= problem.storages[storage].bytes
          }
        }
        for storage in problem.outputStorages[member]
        where problem.storages[storage].readers.isEmpty && !problem.storages[storage].isKept {
          level -= problem.storages[storage].bytes
        }
      }
      steps.append(Step(peak: peak, level: level))
    }
    return steps
  }
}
