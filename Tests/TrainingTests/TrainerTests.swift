import ComputationGraph
import Foundation
import Testing
import Training

@Suite struct TrainerTests {
  private func noise(_ count: Int, seed: UInt64 = 1) throws -> ImageDataset {
    try TestNetworks.dataset(count: count, channels: 1, height: 12, width: 12, classes: 10, seed: seed)
  }

  @Test(arguments: ConvolutionAlgorithm.allCases)
  func resultsAreBitIdenticalForAnyNumberOfThreads(algorithm: ConvolutionAlgorithm) throws {
    let graph = try TestNetworks.small(height: 12, width: 12)
    let data = try noise(300)
    let normalization = Normalization(of: data)
    func train(threads: Int, seed: UInt64) throws -> WeightValues {
      let configuration = TrainingConfiguration(
        epochs: 1.5, batchSize: 128, augmentation: .init(horizontalFlip: true, cropPadding: 2),
        threads: threads,
        seed: seed)
      return try Trainer(graph: graph, configuration: configuration, algorithm: algorithm)
        .train(on: data, normalization: normalization).weights
    }
    let one = try train(threads: 1, seed: 5)
    for threads in 2...4 { #expect(try train(threads: threads, seed: 5) == one) }
    #expect(try train(threads: 2, seed: 6) != one)
  }

  /// Networks that use the same memory one after the other leave no trace in each other, whichever is larger.
  @Test func sharedMemoryChangesNothing() throws {
    let data = try noise(128)
    let normalization = Normalization(of: data)
    let configuration = TrainingConfiguration(batchSize: 64, seed: 3)
    let memory = TrainingMemory()
    let graphs = try [4, 16, 8].map { try TestNetworks.small(channels: $0, height: 12, width: 12) }
    let sharing = try graphs.map { try Trainer(graph: $0, configuration: configuration, memory: memory) }
    #expect(memory.byteCount > 0)
    for _ in 0..<2 {
      for (graph, trainer) in zip(graphs, sharing) {
        let alone = try Trainer(graph: graph, configuration: configuration, weights: trainer.weights)
        let weights = try trainer.train(on: data, normalization: normalization).weights
        #expect(try alone.train(on: data, normalization: normalization).weights == weights)
        #expect(
          try alone.logits(of: data, normalization: normalization)
            == trainer.logits(of: data, normalization: normalization))
      }
    }
  }

  /// With one chunk of images per step, the whole training is: differentiate, change the weights by the published
  /// rule, repeat.
  @Test(arguments: [(true, 0.9), (false, 0.9), (false, 0.0)])
  func stepsFollowMomentumAndWeightDecay(nesterov: Bool, momentum: Double) throws {
    let graph = try TestNetworks.small(channels: 4, height: 8, width: 8)
    let data = try TestNetworks.dataset(count: 32, channels: 1, height: 8, width: 8, classes: 10, seed: 8)
    let normalization = Normalization(of: data)
    let configuration = TrainingConfiguration(
      epochs: 4, batchSize: 32, learningRate: 0.1, momentum: momentum, weightDecay: 0.01, nesterov: nesterov,
      warmupFraction: 0.25)
    let trainer = try Trainer(graph: graph, configuration: configuration)
    let start = trainer.weights
    let trained = try trainer.train(on: data, normalization: normalization)

    let oracle = try Trainer(graph: graph, configuration: configuration, weights: start)
    var weights = start
    var velocity: [String: [Double]] = [:]
    for step in 0..<4 {
      let rate = step == 0 ? 0.1 / 2 : 0.05 * (1 + cos(Double.pi * Double(step - 1) / 3))
      let gradients = try oracle.batchGradients(on: data, normalization: normalization).gradients
      for name in gradients.names {
        let decay = name.hasSuffix(".weight") ? 0.01 : 0
        var values = weights[name]!
        var speeds = velocity[name] ?? values.map { _ in 0 }
        for index in values.indices {
          let slope = Double(gradients[name]![index]) + decay * Double(values[index])
          speeds[index] = momentum * speeds[index] + slope
          values[index] -= Float(rate * (nesterov ? slope + momentum * speeds[index] : speeds[index]))
        }
        weights[name] = values
        velocity[name] = speeds
      }
      try oracle.setWeights(weights)
    }
    for name in weights.names where !name.hasSuffix(".mean") && !name.hasSuffix(".variance") {
      for (a, b) in zip(trained.weights[name]!, weights[name]!) {
        #expect(abs(a - b) <= 2e-4 * max(1, abs(b)), "\(name)")
      }
      #expect(trained.weights[name]! != start[name]!, "\(name) did not change")
    }
  }

  @Test func runningStatisticsFollowTheImages() throws {
    var builder = GraphBuilder(name: "statistics")
    let image = builder.input("image", shape: [1, 1, 4, 4])
    let normal = try builder.batchNormalization(image, name: "norm")
    let logits = try builder.fullyConnected(try builder.add(.flatten, [normal]), outputs: 3)
    let graph = try builder.build(outputs: [logits])
    let data = try TestNetworks.dataset(count: 320, channels: 1, height: 4, width: 4, classes: 3, seed: 3)
    let configuration = TrainingConfiguration(epochs: 2, batchSize: 64, learningRate: 1e-6)
    // Pixels scaled to a mean of 5 and a deviation of 2, which the running statistics must find.
    let own = Normalization(of: data)
    let shifted = Normalization(
      mean: [own.mean[0] - 2.5 * own.standardDeviation[0]], standardDeviation: [own.standardDeviation[0] / 2])
    let weights = try Trainer(graph: graph, configuration: configuration).train(
      on: data, normalization: shifted
    ).weights
    #expect(abs(weights["norm.mean"]![0] - 5) < 0.05)
    #expect(abs(weights["norm.variance"]![0] - 4) < 0.1)
  }

  @Test func progressAndHistoryCountImages() throws {
    let data = try noise(320)
    let configuration = TrainingConfiguration(epochs: 2.5, batchSize: 64, learningRate: 0.01)
    let trainer = try Trainer(graph: TestNetworks.small(height: 12, width: 12), configuration: configuration)
    var seen: [TrainingProgress] = []
    let network = try trainer.train(on: data, normalization: Normalization(of: data)) { seen.append($0) }
    #expect(seen.count == 13)
    #expect(seen.map(\.step) == Array(1...13))
    #expect(seen.allSatisfy { $0.steps == 13 && $0.loss.isFinite && $0.imagesPerSecond > 0 })
    #expect(seen.last?.images == 13 * 64)
    #expect(seen.last?.secondsLeft == 0)
    #expect(network.history.map(\.epoch) == [1, 2, 2.6])
    #expect(network.history.allSatisfy { $0.trainLoss > 0 && (0...1).contains($0.trainAccuracy) })
  }

  @Test func divergenceStopsTheTraining() throws {
    let data = try noise(320)
    let configuration = TrainingConfiguration(epochs: 10, batchSize: 32, learningRate: 1e30)
    let trainer = try Trainer(graph: TestNetworks.small(height: 12, width: 12), configuration: configuration)
    let error = #expect(throws: TrainingError.self) {
      try trainer.train(on: data, normalization: Normalization(of: data))
    }
    guard case .diverged(let step, _) = error else {
      Issue.record("unexpected: \(String(describing: error))")
      return
    }
    #expect(step < 100)
  }

  @Test func mistakesAreNamed() throws {
    let graph = try TestNetworks.small(height: 12, width: 12)
    func field(_ change: (inout TrainingConfiguration) -> Void) -> String? {
      var configuration = TrainingConfiguration()
      change(&configuration)
      let error = #expect(throws: TrainingError.self) {
        try Trainer(graph: graph, configuration: configuration)
      }
      if case .invalidConfiguration(let field, _) = error { return field }
      return nil
    }
    #expect(field { $0.epochs = .nan } == "epochs")
    #expect(field { $0.batchSize = 48 } == "batchSize")
    #expect(field { $0.learningRate = -1 } == "learningRate")
    #expect(field { $0.momentum = 1 } == "momentum")
    #expect(field { $0.momentum = 0 } == "nesterov")
    #expect(field { $0.weightDecay = -.infinity } == "weightDecay")
    #expect(field { $0.warmupFraction = 1 } == "warmupFraction")
    #expect(field { $0.labelSmoothing = 1 } == "labelSmoothing")
    #expect(field { $0.augmentation.cropPadding = -1 } == "augmentation.cropPadding")
    #expect(field { $0.threads = 0 } == "threads")

    var incomplete = try Trainer(graph: graph, configuration: TrainingConfiguration()).weights
    incomplete["logits.bias"] = [1]
    #expect(throws: TrainingError.weightMismatch(weight: "logits.bias")) {
      try Trainer(graph: graph, configuration: TrainingConfiguration(), weights: incomplete)
    }
    let large = try TestNetworks.dataset(count: 64, channels: 1, height: 13, width: 12, classes: 10, seed: 1)
    #expect(throws: TrainingError.self) {
      try Trainer(graph: graph, configuration: TrainingConfiguration()).train(
        on: large, normalization: Normalization(of: large))
    }
  }

  @Test func graphsThatCannotBeTrainedAreRefused() throws {
    func error(_ graph: Graph) -> TrainingError? {
      #expect(throws: TrainingError.self) {
        try Trainer(graph: graph, configuration: TrainingConfiguration())
      }
    }
    var builder = GraphBuilder(name: "image")
    let image = builder.input("image", shape: [1, 1, 4, 4])
    let convolved = try builder.convolution(
      image, outputChannels: 2, window: TestNetworks.window(3, padding: 1))
    guard case .unsupportedGraph = error(try builder.build(outputs: [convolved])) else {
      Issue.record("an image as output was accepted")
      return
    }
    let flat = try builder.add(.flatten, [image])
    guard case .unsupportedGraph = error(try builder.build(outputs: [flat])) else {
      Issue.record("a network without weights was accepted")
      return
    }
    let other = builder.addOpaque("Softplus", [convolved], outputs: [[1, 2, 4, 4]], name: "strange")[0]
    let sum = try builder.fullyConnected(try builder.add(.flatten, [other]), outputs: 2)
    guard case .unsupportedOperator(name: "strange", _) = error(try builder.build(outputs: [sum])) else {
      Issue.record("an unknown operator was accepted")
      return
    }
    let rectified = try builder.add(.elementwise(.silu), [convolved], name: "silu")
    let swish = try builder.fullyConnected(try builder.add(.flatten, [rectified]), outputs: 2)
    guard case .unsupportedOperator(name: "silu", _) = error(try builder.build(outputs: [swish])) else {
      Issue.record("an operator without a gradient was accepted")
      return
    }
    let capped = try builder.add(.add(activation: .relu6), [convolved, convolved], name: "capped")
    let sixth = try builder.fullyConnected(try builder.add(.flatten, [capped]), outputs: 2)
    guard case .unsupportedOperator(name: "capped", _) = error(try builder.build(outputs: [sixth])) else {
      Issue.record("an activation without a gradient was accepted")
      return
    }
    let images = builder.weight("kernel", shape: [2, 1, 3, 3])
    let adding = try builder.add(
      .convolution(
        window: TestNetworks.window(3, padding: 1), groups: 1, inputActivation: .none, activation: .none),
      [image, images, builder.weight("offsets", shape: [2]), convolved], name: "adding")
    let residual = try builder.fullyConnected(try builder.add(.flatten, [adding]), outputs: 2)
    guard case .unsupportedOperator(name: "adding", _) = error(try builder.build(outputs: [residual])) else {
      Issue.record("a convolution that adds was accepted")
      return
    }
    let fused = try InferenceGraph(TestNetworks.small(), fusion: .activation).graph
    guard case .unsupportedOperator = error(fused) else {
      Issue.record("an inference graph was accepted")
      return
    }
  }

  /// A real training: 6,000 images of Fashion-MNIST (installed by `make test`), validated on 2,000 others.
  @Test func fashionMNISTIsLearnt() throws {
    let all = try FashionMNIST.load(from: FashionMNIST.locate(), split: .train)
    let (train, validation) = try all.stratifiedSplit(firstCount: 6000, secondCount: 2000, seed: 1)
    let normalization = Normalization(of: train)
    let configuration = TrainingConfiguration(epochs: 3, batchSize: 32, learningRate: 0.1, seed: 1)
    let trainer = try Trainer(graph: TestNetworks.small(), configuration: configuration)
    #expect(try trainer.accuracy(on: validation, normalization: normalization) < 0.3)
    _ = try trainer.train(on: train, normalization: normalization)
    let result = try trainer.evaluate(on: validation, normalization: normalization)
    #expect(result.accuracy > 0.72, "accuracy \(result.accuracy)")
    #expect(result.images == 2000)
  }
}
