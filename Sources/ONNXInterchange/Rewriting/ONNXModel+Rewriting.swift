import ComputationGraph
import MemoryPlanning

extension ONNXModel {
  /// The model rewritten where that lowers the lowest peak that any order has, with the order.
  ///
  /// A site is applied only if without it the peak would be higher. Peaks are ``ExactScheduler``'s: proved optimal, or,
  /// where that takes too long, the best found. The search starts from the original and goes down hill by hill: of
  /// the sites at which the peak is reached, together and one by one, divided or elided, those that lower it most are
  /// taken, until none does; then sites that turn out not to be needed are dropped. It is a heuristic: another set of
  /// sites may do better. Deterministic, unless the time limit stops it or a schedule on the way takes more than a second.
  ///
  /// The rewritten model computes the same up to the order in which floating-point products are added up. Values of
  /// weights are sliced where the file holds them; where it does not, the slices' sizes are right and their values are
  /// as absent as they were.
  ///
  /// - Parameters:
  ///   - memory: the rules by which memory is counted.
  ///   - methods: what may be done.
  ///   - timeLimit: the time to spend, nil for no limit; kept to within the time of one schedule.
  /// - Throws: whatever ``schedulingGraph()`` throws, and ``ONNXError/invalidShape(file:tensor:reason:)`` for a weight
  ///   whose values are not as many as its shape says.
  /// - Precondition: `memory` names no elided Concats and no workspaces, which belong to one graph.
  public func rewritten(
    for memory: MemoryModel = MemoryModel(), methods: Rewriting.Methods = [.partitioning, .elision],
    timeLimit: Duration? = nil
  ) throws(ONNXError) -> Rewriting {
    precondition(
      memory.elidedConcats.isEmpty && memory.workspaceBytes.isEmpty,
      "the memory model must not be for a certain graph")
    var search = RewritingSearch(
      try PartitionableGraph(self), memory: memory, methods: methods, timeLimit: timeLimit)
    return try search.run(self)
  }

  /// The model with the nodes of a plan divided, whether it helps or not, and what was done.
  ///
  /// Throws like ``rewritten(for:methods:timeLimit:)``.
  package func partitioned(by plan: PartitionPlan) throws(ONNXError) -> (
    model: ONNXModel, sites: [Rewriting.Site]
  ) {
    let facts = try PartitionableGraph(self)
    let resolved = ResolvedPartition(facts, plan)
    let model = try ONNXModel(proto: ModelPartitioner.model(facts, plan, resolved), source: source)
    return (model, facts.sites(resolved))
  }
}

extension PartitionableGraph {
  /// The divided nodes, in the order of the file.
  func sites(_ resolved: ResolvedPartition) -> [Rewriting.Site] {
    resolved.rules.keys.sorted().map { index in
      guard let rule = resolved.rules[index],
        let partition = resolved.divided[resolved.sources[index] ?? proto.graph.node[index].output[0]]?
          .partition
      else { preconditionFailure("a divided node has a rule and a divided source") }
      return Rewriting.Site(kind: rule.kind, node: label(index), parts: partition.parts.count)
    }
  }
}
