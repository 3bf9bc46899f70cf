import ComputationGraph
import MemoryPlanning

/// Runs a network in one arena at planned offsets.
///
/// Everything is prepared at construction: weights packed into one buffer, every operator resolved to its kernel and
/// pointers, the arena allocated. Running allocates nothing (OpenBLAS allocates its own packing buffers once, at the
/// first product of a thread). Reusable, but not by two threads at once.
///
///     let executor = try NetworkExecutor(
///       graph: graph, order: order, plan: plan, schedules: schedules, weights: weights, threads: 1)
///     let logits = try executor.run(image)
public final class NetworkExecutor {
  /// What is verified while running.
  public enum Mode: Hashable, Sendable {
    /// Nothing: for measuring latency.
    case fast
    /// Every byte of the arena and of guard zones around it, before and after every operator (``ArenaMonitor``):
    /// for tests, and to find out how many bytes are really used.
    case checked
  }

  /// The graph that is run.
  public let graph: Graph
  /// The order in which its operators run.
  public let order: [OperatorID]
  /// The threads that matrix products may use.
  public let threads: Int
  /// What is verified.
  public let mode: Mode

  private let weights: PackedWeights
  private let layout: ArenaLayout
  private let memory: MemoryBlock
  private let arena: UnsafeMutableRawPointer
  private let steps: [any PreparedKernel]
  private let alignment: Int
  private let monitor: ArenaMonitor?

  /// Prepares a network.
  ///
  /// - Parameters:
  ///   - graph: every operator executable, every tensor float32.
  ///   - order: a topological order of all operators.
  ///   - plan: offsets for `order`. They are taken as they are: a wrong plan gives wrong results in `.fast` mode, and
  ///     an error in `.checked` mode.
  ///   - schedules: the kernel schedule of each operator, by operator index.
  ///   - weights: values for every weight.
  ///   - threads: threads that matrix products may use; everything else runs on the calling thread.
  /// - Throws: ``KernelError``.
  public init(
    graph: Graph, order: [OperatorID], plan: ArenaPlan, schedules: [KernelSchedule], weights: WeightValues,
    threads: Int, mode: Mode = .fast
  ) throws(KernelError) {
    try Self.verify(graph, order: order, schedules: schedules, threads: threads)
    self.graph = graph
    self.order = order
    self.threads = threads
    self.mode = mode
    alignment = plan.alignment
    let layout = try ArenaLayout(plan, graph: graph, schedules: schedules)
    let weights = try PackedWeights(weights, of: graph)
    self.layout = layout
    self.weights = weights

    let guardBytes = mode == .checked ? ArenaMonitor.guardBytes : 0
    let roundedBytes = (layout.arenaBytes + 3) / 4 * 4
    memory = MemoryBlock(bytes: roundedBytes + 2 * guardBytes)
    let arena = memory.start + guardBytes
    self.arena = arena
    monitor =
      mode == .checked ? ArenaMonitor(graph: graph, order: order, layout: layout, memory: memory) : nil

    func pointer(_ place: ArenaLayout.Place) -> UnsafeMutablePointer<Float> {
      (arena + place.offset).assumingMemoryBound(to: Float.self)
    }
    var steps: [any PreparedKernel] = []
    for id in order {
      let node = graph[id]
      let inputs = node.inputs.compactMap { weights.pointer(to: $0) ?? layout.tensors[$0.index].map(pointer) }
      guard inputs.count == node.inputs.count, let output = layout.tensors[node.outputs[0].index] else {
        preconditionFailure("the layout has no place for a tensor of '\(node.name)'")
      }
      steps.append(
        try KernelFactory.prepare(
          id, of: graph, schedule: schedules[id.index],
          operands: KernelOperands(
            inputs: inputs, output: pointer(output), workspace: layout.workspaces[id.index].map(pointer))))
    }
    self.steps = steps
  }

  private static func verify(
    _ graph: Graph, order: [OperatorID], schedules: [KernelSchedule], threads: Int
  ) throws(KernelError) {
    guard threads > 0 else { throw .invalidThreadCount(threads) }
    for node in graph.operators {
      if case .opaque(let type) = node.kind { throw .notExecutable(operatorName: node.name, type: type) }
    }
    for tensor in graph.tensors {
      guard tensor.elementType == .float32 else {
        throw .unsupportedElementType(tensor: tensor.name, elementType: tensor.elementType)
      }
      guard tensor.byteCount > 0 else { throw .emptyTensor(tensor.name) }
    }
    guard schedules.count == graph.operators.count else {
      throw .wrongScheduleCount(expected: graph.operators.count, found: schedules.count)
    }
    guard graph.isValidOrder(order) else { throw .invalidOrder }
    for id in order where !schedules[id.index].applies(to: id, in: graph) {
      throw .unsupportedSchedule(operatorName: graph[id].name, schedule: schedules[id.index])
    }
  }

  /// In checked mode, after at least one run: the high-water mark of the arena in bytes, rounded up to the plan's
  /// alignment. It is found from the bytes that changed, not from the plan. Nil before, and in fast mode.
  public var measuredArenaBytes: Int? {
    guard let monitor, monitor.highWaterBytes > 0 else { return nil }
    return (monitor.highWaterBytes + alignment - 1) / alignment * alignment
  }
}

extension NetworkExecutor {
  /// Runs a network with one input and one output.
  ///
  /// - Throws: ``KernelError`` if the graph or the number of values is another, or a check fails.
  public func run(_ input: [Float]) throws(KernelError) -> [Float] {
    guard graph.inputs.count == 1, graph.outputs.count == 1 else {
      throw .notSingleInputOutput(inputs: graph.inputs.count, outputs: graph.outputs.count)
    }
    return try run(inputs: [graph.inputs[0]: input])[graph.outputs[0]] ?? []
  }

  /// Runs a network with any number of inputs and outputs.
  ///
  /// - Returns: the values of every graph output.
  /// - Throws: ``KernelError`` if an input is missing or has the wrong number of values, or a check fails.
  public func run(inputs: [TensorID: [Float]]) throws(KernelError) -> [TensorID: [Float]] {
    for id in graph.inputs {
      let expected = graph[id].shape.elementCount
      guard let values = inputs[id], values.count == expected else {
        throw .wrongElementCount(tensor: graph[id].name, expected: expected, found: inputs[id]?.count ?? 0)
      }
      guard let target = pointer(to: id) else { continue }
      values.withUnsafeBufferPointer { target.update(from: $0.baseAddress!, count: expected) }
    }
    for id in graph.inputs {
      if let monitor, let values = inputs[id] { try monitor.checkInput(id, values: values) }
    }
    try execute()
    var results: [TensorID: [Float]] = [:]
    for id in graph.outputs {
      if let source = pointer(to: id) {
        results[id] = Array(UnsafeBufferPointer(start: source, count: graph[id].shape.elementCount))
      }
    }
    return results
  }

  /// Runs a network with one input and one output from and into the caller's memory, without any allocation: what
  /// latency is measured with.
  ///
  /// - Throws: ``KernelError`` if the graph or a number of elements is another, or a check fails.
  public func run(from input: UnsafeBufferPointer<Float>, into output: UnsafeMutableBufferPointer<Float>)
    throws(KernelError)
  {
    guard graph.inputs.count == 1, graph.outputs.count == 1, let target = pointer(to: graph.inputs[0]),
      let result = pointer(to: graph.outputs[0])
    else { throw .notSingleInputOutput(inputs: graph.inputs.count, outputs: graph.outputs.count) }
    let (x, y) = (graph[graph.inputs[0]], graph[graph.outputs[0]])
    guard let source = input.baseAddress, input.count == x.shape.elementCount else {
      throw .wrongElementCount(tensor: x.name, expected: x.shape.elementCount, found: input.count)
    }
    guard let destination = output.baseAddress, output.count == y.shape.elementCount else {
      throw .wrongElementCount(tensor: y.name, expected: y.shape.elementCount, found: output.count)
    }
    target.update(from: source, count: input.count)
    if let monitor { try monitor.checkInput(graph.inputs[0], values: Array(input)) }
    try execute()
    destination.update(from: result, count: output.count)
  }

  /// The time of each operator, by operator index, in milliseconds: the least of `repeats` runs of the whole network
  /// with a clock read between operators. Their sum exceeds the network's latency by the clock's cost.
  ///
  /// - Parameter inputs: values for every graph input.
  /// - Precondition: `repeats` is positive.
  /// - Throws: ``KernelError`` as ``run(inputs:)`` does.
  public func operatorMilliseconds(inputs: [TensorID: [Float]], repeats: Int) throws(KernelError) -> [Double]
  {
    precondition(repeats > 0, "nothing to measure")
    _ = try run(inputs: inputs)
    var least = [Double](repeating: .infinity, count: steps.count)
    let clock = ContinuousClock()
    for _ in 0..<repeats {
      for id in graph.inputs {
        guard let target = pointer(to: id), let values = inputs[id] else { continue }
        values.withUnsafeBufferPointer { target.update(from: $0.baseAddress!, count: values.count) }
      }
      for (step, id) in order.enumerated() {
        let start = clock.now
        steps[step].run()
        least[id.index] = min(least[id.index], (clock.now - start) / .milliseconds(1))
      }
    }
    return least
  }

  private func execute() throws(KernelError) {
    BLAS.setThreads(threads)
    if let monitor {
      for step in steps.indices {
        monitor.prepare(step: step)
        steps[step].run()
        try monitor.check(step: step)
      }
    } else {
      for step in steps { step.run() }
    }
  }

  private func pointer(to id: TensorID) -> UnsafeMutablePointer<Float>? {
    weights.pointer(to: id)
      ?? layout.tensors[id.index].map { (arena + $0.offset).assumingMemoryBound(to: Float.self) }
  }
}
