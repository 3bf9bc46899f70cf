import ComputationGraph
import Devices
import Kernels
import MemoryPlanning

extension LatencyMeter {
  /// The latencies of one operator under several kernel schedules: from the database, or measured now and frozen, each
  /// under the key of its own ``Workload``.
  ///
  /// What is measured is a network of this one operator, by ``operatorPolicy``; schedules that are missing take turns, and
  /// the fastest of them more than one. Meant for comparing schedules: the caches are warm, so that a network need not
  /// take the sum of its operators.
  ///
  /// - Returns: what the database holds afterwards, in the order of `schedules`.
  /// - Throws: `KernelError` if the operator cannot be executed so; the database's own errors.
  public func latencies(
    of id: OperatorID, in graph: Graph, under schedules: [KernelSchedule], database: any LatencyDatabase
  ) throws -> [LatencyStatistics] {
    let keys = schedules.map { Workload(of: id, in: graph, by: $0).key }
    var found = try keys.map { try database.latency(workload: $0, target: target.key) }
    let missing = found.indices.filter { found[$0] == nil }
    if !missing.isEmpty {
      let measured = try measure(id, in: graph, under: missing.map { schedules[$0] })
      for (index, value) in zip(missing, measured) {
        found[index] = try database.freeze(value, workload: keys[index], target: target)
      }
    }
    return found.map { value in
      guard let value else { preconditionFailure("what was missing has been measured") }
      return value
    }
  }

  /// The meter's policy made short: at most 1 run before 5 samples of 0.2 ms. The minimum of few samples taken in turns
  /// ranks kernels well enough, and a search asks for many.
  public var operatorPolicy: MeasurementPolicy {
    MeasurementPolicy(
      warmup: min(policy.warmup, 1), repeats: min(policy.repeats, 5),
      minimumSampleMilliseconds: min(policy.minimumSampleMilliseconds, 0.2))
  }

  private func measure(
    _ id: OperatorID, in graph: Graph, under schedules: [KernelSchedule]
  ) throws -> [LatencyStatistics] {
    let single = try graph.containing(id)
    let competitors = try schedules.map { schedule in
      try MeasuredNetwork(single) { weights throws(KernelError) in
        try single.executor(of: schedule, weights: weights, threads: target.threads)
      }
    }
    var results = try measure(competitors, by: operatorPolicy)
    for ratio in Self.rematchRatios {
      let least = results.map(\.minMilliseconds).min() ?? 0
      let close = results.indices.filter { results[$0].minMilliseconds <= least * ratio }
      guard close.count > 1 else { break }
      let again = try measure(close.map { competitors[$0] }, by: operatorPolicy)
      for (index, value) in zip(close, again) where value.minMilliseconds < results[index].minMilliseconds {
        results[index] = value
      }
    }
    return results
  }

  /// Schedules whose minimum is within such a factor of the least are measured again, once for each, so that a disturbance
  /// that met all samples of one of them does not decide. Fewer each time: the least only falls.
  private static let rematchRatios = [1.4, 1.25, 1.15, 1.15]
}

extension Graph {
  /// An executor of a graph of a single operator.
  ///
  /// - Throws: `KernelError` if the kernel schedule cannot be prepared.
  func executor(
    of schedule: KernelSchedule, weights: WeightValues, threads: Int
  ) throws(KernelError) -> NetworkExecutor {
    precondition(operators.count == 1, "a graph of one operator is wanted")
    let id = OperatorID(0)
    let workspaceBytes = schedule.applies(to: id, in: self) ? schedule.workspaceBytes(for: id, in: self) : 0
    let problem = MemoryProblem(graph: self, model: MemoryModel(workspaceBytes: [workspaceBytes]))
    let plan: ArenaPlan
    do throws(SchedulingError) {
      plan = try GreedyBySizeAllocator().allocate(problem, order: [id], alignment: 64)
    } catch {
      preconditionFailure("the only order of one operator is refused: \(error)")
    }
    return try NetworkExecutor(
      graph: self, order: [id], plan: plan, schedules: [schedule], weights: weights, threads: threads)
  }
}
