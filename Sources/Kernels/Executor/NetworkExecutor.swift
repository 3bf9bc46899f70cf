import ComputationGraph
import MemoryPlanning

/// Runs a network in one arena at planned offsets.
///
/// Everything is prepared at construction: weights packed into one buffer, every operator resolved to its kernel and
/// pointers, the arena allocated, threads started. Running allocates nothing (OpenBLAS allocates its own packing buffers
/// once, at the first product of a thread). Reusable, but not by two threads at once.
///
/// Each operator runs on as many threads as its kernel schedule says, BLAS always on one: operators are what is shared.
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
  /// The most threads that a kernel schedule may have.
  public let threads: Int
  /// What is verified.
  public let mode: Mode

  private let weights: PackedWeights
  private let layout: ArenaLayout
  private let memory: MemoryBlock
  private let arena: UnsafeMutableRawPointer
  private let steps: [Step]
  private let team: ThreadTeam
  /// What the team is running now.
  private var running: Range<Int> = 0..<0
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
  ///   - threads: the most that a kernel schedule may have.
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
    var steps: [Step] = []
    for (position, id) in order.enumerated() {
      let node = graph[id]
      let inputs = node.inputs.compactMap { weights.pointer(to: $0) ?? layout.tensors[$0.index].map(pointer) }
      guard inputs.count == node.inputs.count, let output = layout.tensors[node.outputs[0].index] else {
        preconditionFailure("the layout has no place for a tensor of '\(node.name)'")
      }
      let kernel = try KernelFactory.prepare(
        id, of: graph, schedule: schedules[id.index],
        operands: KernelOperands(
          inputs: inputs, output: pointer(output), workspace: layout.workspaces[id.index].map(pointer)))
      let parts = schedules[id.index].threads
      let isLast = position == order.count - 1
      steps.append(
        Step(
          kernel: kernel, parts: parts,
          endsTogether: !isLast && (parts > 1 || schedules[order[position + 1].index].threads > 1)))
    }
    self.steps = steps
    team = try ThreadTeam.shared(size: steps.map(\.parts).max() ?? 1)
  }

  /// One operator in the order of running.
  private struct Step {
    let kernel: any PreparedKernel
    /// The threads that share it.
    let parts: Int
    /// Whether all threads have to arrive before the next step begins.
    let endsTogether: Bool
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
    for id in order {
      let schedule = schedules[id.index]
      guard schedule.applies(to: id, in: graph) else {
        throw .unsupportedSchedule(operatorName: graph[id].name, schedule: schedule)
      }
      guard schedule.threads <= threads else {
        throw .tooManyThreads(operatorName: graph[id].name, threads: schedule.threads, limit: threads)
      }
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
      let expected = graph[id].storedElementCount
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
        results[id] = Array(UnsafeBufferPointer(start: source, count: graph[id].storedElementCount))
      }
    }
    return results
  }

  /// The place of a graph input or output in the arena, for running without copies: fill the inputs' places, call
  /// ``runInPlace()``, read the outputs'. The memory is valid as long as the executor lives.
  ///
  /// - Precondition: `id` is an input or an output of the graph.
  public func buffer(of id: TensorID) -> UnsafeMutableBufferPointer<Float> {
    precondition(graph.inputs.contains(id) || graph.outputs.contains(id), "not an input or output")
    return UnsafeMutableBufferPointer(start: pointer(to: id), count: graph[id].storedElementCount)
  }

  /// Runs the network on what lies in the arena, without any copy or allocation: what latency is measured with.
  ///
  /// - Throws: ``KernelError`` if a check fails.
  public func runInPlace() throws(KernelError) { try execute() }

  /// Whether the inputs are in their places after a run as they were before it: no other buffer has a byte of theirs.
  public var keepsInputs: Bool {
    graph.inputs.allSatisfy { input in
      guard let place = layout.tensors[input.index] else { return true }
      let others = layout.tensors.enumerated().compactMap { $0.offset == input.index ? nil : $0.element }
      return (others + layout.workspaces.compactMap { $0 }).allSatisfy { other in
        other.offset >= place.offset + place.bytes || place.offset >= other.offset + other.bytes
      }
    }
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
        run(step..<step + 1)
        least[id.index] = min(least[id.index], (clock.now - start) / .milliseconds(1))
      }
    }
    return least
  }

  private func execute() throws(KernelError) {
    BLAS.setThreads(1)
    guard let monitor else { return run(steps.indices) }
    for step in steps.indices {
      monitor.prepare(step: step)
      run(step..<step + 1)
      try monitor.check(step: step)
    }
  }

  /// Runs some steps on all threads of the team.
  private func run(_ range: Range<Int>) {
    guard team.size > 1 else { return runShare(of: range, member: 0) }
    running = range
    team.run(
      { context, member in
        guard let context else { return }
        let executor = Unmanaged<NetworkExecutor>.fromOpaque(context)
        executor._withUnsafeGuaranteedRef { $0.runShare(of: $0.running, member: member) }
      }, context: Unmanaged.passUnretained(self).toOpaque())
  }

  private func runShare(of range: Range<Int>, member: Int) {
    steps.withUnsafeBufferPointer { steps in
      for index in range {
        let parts = steps[index].parts
        if member < parts { steps[index].kernel.run(part: member, of: parts) }
        if steps[index].endsTogether, index + 1 < range.upperBound { team.barrier() }
      }
    }
  }

  private func pointer(to id: TensorID) -> UnsafeMutablePointer<Float>? {
    weights.pointer(to: id)
      ?? layout.tensors[id.index].map { (arena + $0.offset).assumingMemoryBound(to: Float.self) }
  }
}
