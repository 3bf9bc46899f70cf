import ComputationGraph

/// Lower bounds of the peak that hold under every order.
public enum MemoryBound {
  /// The most that any one operator needs by itself, and that operator: its inputs, outputs and workspace, less
  /// the largest possible in-place saving, plus the graph inputs that are graph outputs too and never go away.
  ///
  /// Never above the optimum: in-place is credited wherever some order could use it.
  ///
  /// - Returns: 0 and nil for a graph without operators; of several operators, the first in the graph's order.
  /// - Complexity: linear in operators and their connections.
  public static func trivial(_ problem: MemoryProblem) -> (bytes: Int, operatorID: OperatorID?) {
    func isPinned(_ storage: MemoryProblem.Storage) -> Bool { storage.producer == nil && storage.isKept }
    let pinned = problem.storages.reduce(0) { isPinned($1) ? $0 + $1.bytes : $0 }
    var best = (bytes: 0, operatorID: OperatorID?.none)
    for id in problem.graph.operatorIDs {
      let inputs = problem.inputStorages[id.index].reduce(0) {
        isPinned(problem.storages[$1]) ? $0 : $0 + problem.storages[$1].bytes
      }
      let credit = problem.overwritableStorages[id.index].first.map { problem.storages[$0].bytes } ?? 0
      let bytes =
        pinned + inputs + problem.outputBytes[id.index] + problem.workspaceBytes[id.index] - credit
      if best.operatorID == nil || bytes > best.bytes { best = (bytes, id) }
    }
    return best
  }
}
