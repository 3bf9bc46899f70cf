import ComputationGraph
import Devices
import Kernels
import MemoryPlanning

extension LatencyMeter {
  /// The latencies of one operator under several kernel schedules: from the database, or measured now and frozen, each
  /// under the key of its own ``Workload``.
  ///
  /// What is measured is a network of this one operator, by ``operatorPolicy``; schedules that are missing take turns. Meant for comparing schedules: the caches are warm,
  /// so that a network need not take the sum of its operators.
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
    var competitors: [MeasuredNetwork] = []
    for schedule in schedules {
      let workspaceBytes = schedule.workspaceBytes(for: OperatorID(0), in: single)
      let problem = MemoryProblem(graph: single, model: MemoryModel(workspaceBytes: [workspaceBytes]))
      let order = single.kahnOrder()
      let plan = try GreedyBySizeAllocator().allocate(problem, order: order, alignment: 64)
      competitors.append(
        try MeasuredNetwork(single) { weights throws(KernelError) in
          try NetworkExecutor(
            graph: single, order: order, plan: plan, schedules: [schedule], weights: weights,
            threads: target.threads)
        })
    }
    return try measure(competitors, by: operatorPolicy)
  }
}

extension Graph {
  /// The graph of one operator alone: the activations that it reads are inputs, its results outputs.
  fileprivate func containing(_ id: OperatorID) throws(GraphError) -> Graph {
    let node = self[id]
    let used = Set(node.inputs + node.outputs).sorted()
    var numbers: [TensorID: TensorID] = [:]
    for (number, tensor) in used.enumerated() { numbers[tensor] = TensorID(number) }
    func renumbered(_ tensors: [TensorID]) -> [TensorID] { tensors.map { numbers[$0]! } }
    return try Graph(
      name: node.name, tensors: used.map { self[$0] },
      operators: [
        Operator(
          name: node.name, kind: node.kind, inputs: renumbered(node.inputs),
          outputs: renumbered(node.outputs))
      ],
      inputs: renumbered(used.filter { node.inputs.contains($0) && self[$0].role == .activation }),
      outputs: renumbered(node.outputs))
  }
}
