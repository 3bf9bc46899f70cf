import ComputationGraph
import Foundations
import Testing
import Training

/// Gradients against finite differences of an independent oracle in double precision.
enum GradientCheck {
  static func normalization(_ channels: Int) -> Normalization {
    Normalization(
      mean: [Double](repeating: 0.45, count: channels),
      standardDeviation: [Double](repeating: 0.3, count: channels))
  }

  /// Compares the loss and up to `samples` gradients per weight with central differences of the oracle's loss.
  static func run(
    _ graph: Graph, algorithm: ConvolutionAlgorithm, set: InstructionSet, batch: Int = 32,
    smoothing: Double = 0,
    samples: Int = 4, seed: UInt64
  ) throws {
    let shape = graph[graph.inputs[0]].shape
    let classes = graph[graph.outputs[0]].shape[1]
    let data = try TestNetworks.dataset(
      count: batch, channels: shape[1], height: shape[2], width: shape[3], classes: classes, seed: seed)
    let normalization = normalization(shape[1])
    let weights = TestNetworks.weights(for: graph, seed: seed)
    let configuration = TrainingConfiguration(batchSize: batch, labelSmoothing: smoothing, threads: 2)
    let trainer = try Trainer(
      graph: graph, configuration: configuration, weights: weights, algorithm: algorithm, instructionSet: set)
    let result = try trainer.batchGradients(on: data, normalization: normalization)

    let oracle = ReferenceNetwork(graph: graph)
    let pixels = data.images.map { (Double($0) / 255 - 0.45) / 0.3 }
    var values = Dictionary(uniqueKeysWithValues: weights.names.map { ($0, weights[$0]!.map(Double.init)) })
    func loss() -> Double {
      oracle.loss(weights: values, pixels: pixels, labels: data.labels, smoothing: smoothing)
    }
    let expectedLoss = loss()
    #expect(abs(result.loss - expectedLoss) <= 1e-4 * max(1, abs(expectedLoss)), "\(graph.name)")
    var generator = SeededGenerator(seed: seed)
    for name in result.gradients.names {
      let gradient = result.gradients[name]!
      let largest = Double(gradient.map(abs).max() ?? 0)
      for index in (0..<gradient.count).shuffled(using: &generator).prefix(samples) {
        let value = values[name]![index]
        // So small that hardly a ReLU changes sides in between.
        let step = 2e-7
        values[name]![index] = value + step
        let above = loss()
        values[name]![index] = value - step
        let below = loss()
        values[name]![index] = value
        let expected = (above - below) / (2 * step)
        // What stands before a batch norm may have no gradient at all; rounding leaves some millionths.
        let tolerance = 1e-3 * abs(expected) + 2e-4 * largest + 5e-6
        #expect(
          abs(Double(gradient[index]) - expected) <= tolerance,
          "\(graph.name), \(name)[\(index)]: \(gradient[index]) instead of \(expected)")
      }
    }
  }
}
