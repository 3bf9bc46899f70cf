import ComputationGraph
import Foundations
import Kernels

/// A network with weights and input, ready to be run again and again.
struct MeasuredNetwork {
  let executor: NetworkExecutor
  let inputs: [TensorID: [Float]]
  private let isSimple: Bool
  private var output: [Float]

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
    let graph = executor.graph
    self.executor = executor
    self.inputs = inputs
    isSimple = graph.inputs.count == 1 && graph.outputs.count == 1
    output = [Float](repeating: 0, count: graph.outputs.first.map { graph[$0].shape.elementCount } ?? 0)
  }

  mutating func run() throws(KernelError) {
    guard isSimple, let input = inputs.values.first else {
      _ = try executor.run(inputs: inputs)
      return
    }
    try input.withUnsafeBufferPointer { source throws(KernelError) in
      try output.withUnsafeMutableBufferPointer { target throws(KernelError) in
        try executor.run(from: source, into: target)
      }
    }
  }
}
