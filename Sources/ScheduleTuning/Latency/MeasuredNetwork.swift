import ComputationGraph
import Foundations
import Kernels

/// A network with weights and input, ready to be run again and again.
struct MeasuredNetwork {
  let executor: NetworkExecutor
  let inputs: [TensorID: [Float]]
  /// Whether a run leaves the inputs in the arena as they are.
  let keepsInputs: Bool

  init(_ planned: PlannedNetwork, threads: Int) throws(KernelError) {
    try self.init(planned.graph) { weights throws(KernelError) in
      try planned.executor(weights: weights, threads: threads)
    }
  }

  /// - Parameter executor: makes the executor of `graph` with the weights given.
  init(
    _ graph: Graph, executor: (WeightValues) throws(KernelError) -> NetworkExecutor
  ) throws(KernelError) {
    var generator = SeededGenerator(seed: 0)
    let executor = try executor(WeightValues.random(for: graph, using: &generator))
    self.init(executor: executor, inputs: graph.randomInputs(using: &generator))
  }

  /// - Parameter inputs: values for every input of the executor's graph.
  init(executor: NetworkExecutor, inputs: [TensorID: [Float]]) {
    self.executor = executor
    self.inputs = inputs
    keepsInputs = executor.keepsInputs
    fill()
  }

  /// Writes the inputs into the arena.
  func fill() {
    for (id, values) in inputs { _ = executor.buffer(of: id).update(from: values) }
  }

  /// One inference on what lies in the arena.
  func run() throws(KernelError) { try executor.runInPlace() }
}
