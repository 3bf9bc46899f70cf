import ComputationGraph
import Foundations
import Kernels

/// A planned network that was really run, with its own weights: its latency, the memory it touched, what it computed.
public struct NetworkMeasurement: Sendable {
  /// The latency of one inference.
  public let latency: LatencyStatistics
  /// The time of every operator, in the order in which they run.
  public let operators: [OperatorLatency]
  /// The high-water mark of the arena in bytes, rounded up to the plan's alignment, found from the bytes that changed in
  /// a run in checked mode (`NetworkExecutor.Mode.checked`).
  public let measuredArenaBytes: Int
  /// The values of every output of the graph, from that run.
  public let outputs: [TensorID: [Float]]
}

extension LatencyMeter {
  /// Runs a network once in checked mode, then measures it and its operators.
  ///
  /// - Parameters:
  ///   - weights: of the inference form.
  ///   - inputs: values for every graph input.
  /// - Throws: `KernelError` if the network cannot be executed, or the run in checked mode finds a fault.
  public func measurement(
    of planned: PlannedNetwork, weights: WeightValues, inputs: [TensorID: [Float]]
  ) throws(KernelError) -> NetworkMeasurement {
    let (outputs, measuredArenaBytes) = try checkedRun(of: planned, weights: weights, inputs: inputs)
    let subject = MeasuredNetwork(
      executor: try planned.executor(weights: weights, threads: target.threads), inputs: inputs)
    let latency = try measure([subject], by: policy)[0]
    return NetworkMeasurement(
      latency: latency, operators: try profile(planned, in: subject),
      measuredArenaBytes: measuredArenaBytes, outputs: outputs)
  }

  private func checkedRun(
    of planned: PlannedNetwork, weights: WeightValues, inputs: [TensorID: [Float]]
  ) throws(KernelError) -> (outputs: [TensorID: [Float]], measuredArenaBytes: Int) {
    let checked = try planned.executor(weights: weights, threads: target.threads, mode: .checked)
    return (try checked.run(inputs: inputs), checked.measuredArenaBytes ?? 0)
  }
}

extension Graph {
  /// Random values in [−1, 1] for every input.
  public func randomInputs(using generator: inout SeededGenerator) -> [TensorID: [Float]] {
    var values: [TensorID: [Float]] = [:]
    for id in inputs {
      values[id] = (0..<self[id].storedElementCount).map { _ in .random(in: -1...1, using: &generator) }
    }
    return values
  }
}
