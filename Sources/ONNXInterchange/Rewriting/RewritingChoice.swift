import ComputationGraph
import MemoryPlanning

/// A set of sites: nodes to divide and results of Concats to elide.
struct RewritingChoice: Hashable {
  var plan = PartitionPlan()
  /// Results of Concats of the rewritten model, by name. Those that there are not, or that cannot be elided together
  /// with others, are copied as ever.
  var elided: Set<String> = []

  var siteCount: Int { plan.nodes.count + elided.count }

  func adding(nodes: Set<Int> = [], elided more: Set<String> = []) -> RewritingChoice {
    var result = self
    result.plan.nodes.formUnion(nodes)
    result.elided.formUnion(more)
    return result
  }

  func removing(nodes: Set<Int> = [], elided less: Set<String> = []) -> RewritingChoice {
    var result = self
    result.plan.nodes.subtract(nodes)
    result.elided.subtract(less)
    return result
  }
}

/// A choice carried out, scheduled and measured.
struct RewritingOutcome {
  /// The choice without what had no effect.
  let choice: RewritingChoice
  let schedule: Schedule
  let problem: MemoryProblem
  let resolved: ResolvedPartition

  var peakBytes: Int { schedule.peak.bytes }

  /// Whether this is better: a lower peak, or the same with fewer sites.
  func isBetter(than other: RewritingOutcome) -> Bool {
    (peakBytes, choice.siteCount) < (other.peakBytes, other.choice.siteCount)
  }

  /// The names of the tensors that occupy memory at a step with the peak.
  func tensorsAtPeak() -> Set<String> {
    let graph = problem.graph
    let steps = schedule.profile.liveBytes.indices.filter { schedule.profile.liveBytes[$0] == peakBytes }
    var stepOf = [Int](repeating: 0, count: graph.operators.count)
    for (step, id) in schedule.order.enumerated() { stepOf[id.index] = step }
    var names: Set<String> = []
    for storage in problem.storages {
      let first = storage.producer.map { stepOf[$0.index] } ?? 0
      let last = storage.isKept ? Int.max : storage.readers.map { stepOf[$0.index] }.max() ?? first
      if steps.contains(where: { (first...max(first, last)).contains($0) }) {
        names.formUnion(storage.tensors.map { graph[$0].name })
      }
    }
    return names
  }
}
