import ComputationGraph
import Kernels
import Testing
import Training

@Suite struct InferenceTests {
  /// Evaluation uses running statistics and must give what every other executor of the same graph gives.
  @Test(arguments: 200..<240)
  func logitsEqualTheReferenceExecutor(seed: Int) throws {
    let graph = try TestNetworks.random(seed: UInt64(seed))
    let shape = graph[graph.inputs[0]].shape
    let count = 37
    let data = try TestNetworks.dataset(
      count: count, channels: shape[1], height: shape[2], width: shape[3],
      classes: graph[graph.outputs[0]].shape[1], seed: UInt64(seed))
    let normalization = Normalization(of: data)
    let weights = TestNetworks.weights(for: graph, seed: UInt64(seed))
    let trainer = try Trainer(graph: graph, configuration: TrainingConfiguration(), weights: weights)
    let logits = try trainer.logits(of: data, normalization: normalization)
    #expect(logits.count == count)
    for image in [0, 1, 31, 32, 36] {
      let pixels = (0..<data.imageSize).map { index in
        let channel = index / (data.height * data.width)
        return Float(
          (Double(data.images[image * data.imageSize + index]) / 255 - normalization.mean[channel])
            / normalization.standardDeviation[channel])
      }
      let expected = ReferenceExecutor.run(graph: graph, weights: weights, inputs: [graph.inputs[0]: pixels])[
        graph.outputs[0]]!
      let scale = expected.map(abs).max()!
      for (a, b) in zip(logits[image], expected) { #expect(abs(a - b) <= 1e-4 * scale, "\(graph.name)") }
    }
  }

  @Test func accuracyCountsTheLargestLogit() throws {
    let graph = try TestNetworks.small(height: 12, width: 12)
    let data = try TestNetworks.dataset(count: 70, channels: 1, height: 12, width: 12, classes: 10, seed: 3)
    let trainer = try Trainer(graph: graph, configuration: TrainingConfiguration(seed: 4))
    let normalization = Normalization(of: data)
    let logits = try trainer.logits(of: data, normalization: normalization)
    let correct = zip(logits, data.labels).filter { row, label in row.firstIndex(of: row.max()!) == Int(label)
    }
    let expected = Double(correct.count) / 70
    #expect(try trainer.accuracy(on: data, normalization: normalization) == expected)
  }
}
