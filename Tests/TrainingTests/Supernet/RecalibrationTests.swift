import ComputationGraph
import Foundation
import Foundations
import Testing
import Training

/// Statistics of batch norms that a subnet gets when it is judged.
@Suite struct RecalibrationTests {
  /// A batch norm of the image itself: its statistics follow from the pixels, chunk by chunk.
  @Test func statisticsAreThePlainAveragesOverChunks() throws {
    var builder = GraphBuilder(name: "statistics")
    let image = builder.input("image", shape: [1, 2, 4, 4])
    let normal = try builder.batchNormalization(image, name: "norm")
    let logits = try builder.fullyConnected(try builder.add(.flatten, [normal]), outputs: 3)
    let graph = try builder.build(outputs: [logits])
    // Six whole chunks and some images that are left out.
    let data = try TestNetworks.dataset(count: 200, channels: 2, height: 4, width: 4, classes: 3, seed: 3)
    let normalization = Normalization(mean: [0.25, 0.75], standardDeviation: [0.5, 0.125])
    let supernet = Supernet(weights: SharedWeights(seed: 1), training: .none)
    let weights = try supernet.weights(
      of: Subnet(graph: graph, largest: graph), recalibratedOn: data, normalization: normalization, threads: 2
    )
    for channel in 0..<2 {
      var (means, variances) = (0.0, 0.0)
      for chunk in 0..<6 {
        let values = (0..<32).flatMap { image in
          (0..<16).map { pixel in
            let byte = data.images[((chunk * 32 + image) * 2 + channel) * 16 + pixel]
            return (Double(byte) / 255 - normalization.mean[channel])
              / normalization.standardDeviation[channel]
          }
        }
        let mean = values.reduce(0, +) / Double(values.count)
        means += mean / 6
        variances += values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1) / 6
      }
      #expect(abs(Double(weights["norm.mean"]![channel]) - means) < 1e-5)
      #expect(abs(Double(weights["norm.variance"]![channel]) - variances) < 1e-4 * variances)
    }
  }

  /// In a deep network, statistics are those that the ordinary trainer finds when its weights stand still, and the
  /// network with them is the one that is judged.
  @Test func deepNetworksAgreeWithTheTrainer() throws {
    let data = try TestNetworks.dataset(count: 32, channels: 1, height: 12, width: 12, classes: 10, seed: 3)
    let others = try TestNetworks.dataset(count: 75, channels: 1, height: 12, width: 12, classes: 10, seed: 4)
    let normalization = Normalization(of: data)
    let graph = try TestNetworks.small(channels: 4, height: 12, width: 12)
    let subnet = try Subnet(graph: graph, largest: TestNetworks.small(channels: 8, height: 12, width: 12))
    let supernet = Supernet(weights: SharedWeights(seed: 7), training: .none)
    let trainer = try Trainer(
      graph: graph,
      configuration: TrainingConfiguration(
        epochs: 1, batchSize: 32, learningRate: 1e-30, momentum: 0, nesterov: false),
      weights: supernet.weights(of: subnet))
    let expected = try trainer.train(on: data, normalization: normalization).weights
    let found = try supernet.weights(
      of: subnet, recalibratedOn: data, normalization: normalization, threads: 1)
    #expect(found.names == expected.names)
    for name in found.names {
      for (a, b) in zip(found[name]!, expected[name]!) {
        #expect(abs(a - b) <= 1e-4 * max(1, abs(b)), "\(name)")
      }
    }
    try trainer.setWeights(found)
    let result = try supernet.evaluate(
      subnet, recalibration: data, validation: others, normalization: normalization, threads: 2)
    #expect(try result == trainer.evaluate(on: others, normalization: normalization))
    #expect(result.images == 75)
  }

  /// A network that is only judged runs in less memory than one that is trained; the results are the same.
  @Test(arguments: 300..<340)
  func judgingAgreesWithTheTrainer(seed: UInt64) throws {
    let graph = try TestNetworks.random(seed: seed)
    let shape = graph[graph.inputs[0]].shape
    func images(_ count: Int, seed: UInt64) throws -> ImageDataset {
      try TestNetworks.dataset(
        count: count, channels: shape[1], height: shape[2], width: shape[3],
        classes: graph[graph.outputs[0]].shape[1], seed: seed)
    }
    let (data, others) = try (images(64, seed: seed), images(45, seed: seed + 1))
    let normalization = Normalization(of: data)
    let subnet = try Subnet(graph: graph, largest: graph)
    let supernet = Supernet(weights: SharedWeights(seed: seed), training: .none)
    let weights = try supernet.weights(
      of: subnet, recalibratedOn: data, normalization: normalization, threads: 2)
    let trainer = try Trainer(graph: graph, configuration: TrainingConfiguration(), weights: weights)
    let result = try supernet.evaluate(
      subnet, recalibration: data, validation: others, normalization: normalization, threads: 2)
    let expected = try trainer.evaluate(on: others, normalization: normalization)
    #expect(result.accuracy == expected.accuracy, "\(graph.name)")
    #expect(abs(result.loss - expected.loss) <= 1e-5 * expected.loss, "\(graph.name)")
  }

  /// A network whose shared classifier tells nothing apart is right with classifiers fitted to its features.
  @Test func refittingTheClassifierFindsWhatFeaturesTell() throws {
    // The brightness is the class.
    let labels = (0..<320).map { UInt8($0 % 2) }
    let data = try ImageDataset(
      name: "brightness", channels: 1, height: 4, width: 4, classes: 2,
      images: labels.flatMap { [UInt8](repeating: $0 == 0 ? 50 : 200, count: 16) }, labels: labels)
    var builder = GraphBuilder(name: "linear")
    let image = builder.input("image", shape: [1, 1, 4, 4])
    let features = try builder.batchNormalization(
      try builder.convolution(image, outputChannels: 3, window: TestNetworks.window(1, padding: 0)))
    let pooled = try builder.add(.flatten, [try builder.add(.globalAveragePool, [features])])
    let logits = try builder.fullyConnected(pooled, outputs: 2, name: "logits")
    let graph = try builder.build(outputs: [logits])
    let supernet = Supernet(weights: SharedWeights(seed: 2), training: .none)
    let subnet = try Subnet(graph: graph, largest: graph)
    func evaluate(threads: Int) throws -> EvaluationResult {
      try supernet.evaluate(
        subnet, recalibration: data, validation: data, normalization: Normalization(of: data),
        threads: threads, refitsClassifier: true)
    }
    #expect(try evaluate(threads: 1).accuracy == 1)
    #expect(try evaluate(threads: 3) == evaluate(threads: 1))
  }
}
