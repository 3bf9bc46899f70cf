import ComputationGraph
import Foundations
import Testing
import Training

@Suite struct GradientTests {
  private static func normalization(_ channels: Int) -> Normalization {
    Normalization(
      mean: [Double](repeating: 0.45, count: channels),
      standardDeviation: [Double](repeating: 0.3, count: channels))
  }

  /// Compares the loss and up to `samples` gradients per weight with central differences of the oracle's loss.
  private func check(
    _ graph: Graph, algorithm: ConvolutionAlgorithm, set: InstructionSet, batch: Int = 32,
    smoothing: Double = 0,
    samples: Int = 4, seed: UInt64
  ) throws {
    let shape = graph[graph.inputs[0]].shape
    let classes = graph[graph.outputs[0]].shape[1]
    let data = try TestNetworks.dataset(
      count: batch, channels: shape[1], height: shape[2], width: shape[3], classes: classes, seed: seed)
    let normalization = Self.normalization(shape[1])
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
        let tolerance = 1e-3 * abs(expected) + 2e-4 * largest + 1e-6
        #expect(
          abs(Double(gradient[index]) - expected) <= tolerance,
          "\(graph.name), \(name)[\(index)]: \(gradient[index]) instead of \(expected)")
      }
    }
  }

  @Test(arguments: 0..<24)
  func randomNetworksMatchFiniteDifferences(seed: Int) throws {
    try check(
      TestNetworks.random(seed: UInt64(seed)), algorithm: .microkernels, set: .best,
      smoothing: seed % 3 == 0 ? 0.1 : 0, seed: UInt64(seed))
  }

  @Test(arguments: 24..<32)
  func blasMatchesFiniteDifferences(seed: Int) throws {
    try check(
      TestNetworks.random(seed: UInt64(seed)), algorithm: .blas, set: .best, samples: 2, seed: UInt64(seed))
  }

  @Test func gradientOfSeveralChunksIsTheirMean() throws {
    try check(
      TestNetworks.random(seed: 100), algorithm: .microkernels, set: .best, batch: 96, samples: 2, seed: 5)
  }

  /// Convolutions of all window sizes, strides, paddings, dilations and groups, two in sequence so that the
  /// gradient with respect to the input matters.
  @Test(arguments: [
    (kernel: 1, stride: 1, padding: 0, dilation: 1, grouped: false), (1, 2, 0, 1, false), (3, 1, 1, 1, false),
    (3, 2, 1, 1, false), (3, 1, 2, 2, false), (3, 2, 2, 2, true), (5, 1, 2, 1, true), (5, 2, 4, 2, true),
    (7, 1, 3, 1, false), (2, 2, 0, 1, false), (3, 3, 0, 1, false),
  ])
  func convolutionsMatchFiniteDifferences(
    kernel: Int, stride: Int, padding: Int, dilation: Int, grouped: Bool
  ) throws {
    var builder = GraphBuilder(name: "convolution k\(kernel) s\(stride) p\(padding) d\(dilation)")
    let image = builder.input("image", shape: [1, 2, 9, 8])
    var x = try builder.convolution(image, outputChannels: 4, window: TestNetworks.window(1, padding: 0))
    x = try builder.convolution(
      x, outputChannels: grouped ? 4 : 11,
      window: TestNetworks.window(kernel, stride: stride, padding: padding, dilation: dilation),
      groups: grouped ? 4 : 1, bias: true)
    x = try builder.add(.flatten, [try builder.add(.relu, [x])])
    let logits = try builder.fullyConnected(x, outputs: 3)
    let graph = try builder.build(outputs: [logits])
    for algorithm in ConvolutionAlgorithm.allCases {
      try check(graph, algorithm: algorithm, set: .best, seed: UInt64(kernel * 10 + stride))
    }
  }

  /// Winograd's form, and several convolutions of one input computed together: channels that fill no block, extents
  /// that are no multiple of a tile, an input whose gradient other operators add to.
  @Test(arguments: [
    (height: 6, width: 6, inputs: 8, outputs: [8]), (6, 7, 9, [8, 11]),
  ])
  func winogradMatchesFiniteDifferences(height: Int, width: Int, inputs: Int, outputs: [Int]) throws {
    let graph = try TestNetworks.siblings(height: height, width: width, inputs: inputs, outputs: outputs)
    try check(graph, algorithm: .microkernels, set: .best, samples: 2, seed: UInt64(height * 10 + width))
  }

  /// Wider ones on all instruction sets against the BLAS's convolutions one by one.
  @Test(arguments: 0..<6)
  func winogradAgreesWithTheBLAS(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    let graph = try TestNetworks.siblings(
      height: pick(6...15), width: pick(6...15), inputs: [8, 16, 19, 32, 64, 12][seed],
      outputs: (0..<pick(1...3)).map { _ in pick(8...40) })
    let shape = graph[graph.inputs[0]].shape
    let data = try TestNetworks.dataset(
      count: 64, channels: shape[1], height: shape[2], width: shape[3], classes: 3, seed: UInt64(seed))
    let weights = TestNetworks.weights(for: graph, seed: UInt64(seed))
    func gradients(_ algorithm: ConvolutionAlgorithm, _ set: InstructionSet) throws -> WeightValues {
      try Trainer(
        graph: graph, configuration: TrainingConfiguration(batchSize: 64), weights: weights,
        algorithm: algorithm, instructionSet: set
      ).batchGradients(on: data, normalization: Self.normalization(shape[1])).gradients
    }
    let expected = try gradients(.blas, .best)
    for set in InstructionSet.allCases where set.isAvailable {
      let found = try gradients(.microkernels, set)
      for name in expected.names {
        let scale = expected[name]!.map(abs).max()!
        let difference = zip(expected[name]!, found[name]!).map { abs($0 - $1) }.max()!
        #expect(difference <= 3e-4 * scale + 1e-6, "\(graph.name) \(name) \(set): \(difference) of \(scale)")
      }
    }
  }

  @Test(arguments: 40..<60)
  func algorithmsAndInstructionSetsAgree(seed: Int) throws {
    let graph = try TestNetworks.random(seed: UInt64(seed))
    let shape = graph[graph.inputs[0]].shape
    let data = try TestNetworks.dataset(
      count: 64, channels: shape[1], height: shape[2], width: shape[3],
      classes: graph[graph.outputs[0]].shape[1], seed: UInt64(seed))
    let weights = TestNetworks.weights(for: graph, seed: UInt64(seed))
    func gradients(_ algorithm: ConvolutionAlgorithm, _ set: InstructionSet) throws -> WeightValues {
      try Trainer(
        graph: graph, configuration: TrainingConfiguration(batchSize: 64), weights: weights,
        algorithm: algorithm,
        instructionSet: set
      ).batchGradients(on: data, normalization: Self.normalization(shape[1])).gradients
    }
    let expected = try gradients(.microkernels, .portable)
    for set in InstructionSet.allCases where set.isAvailable {
      for algorithm in ConvolutionAlgorithm.allCases {
        let found = try gradients(algorithm, set)
        for name in expected.names {
          let scale = expected[name]!.map(abs).max()!
          let difference = zip(expected[name]!, found[name]!).map { abs($0 - $1) }.max()!
          #expect(
            difference <= 3e-4 * scale + 1e-6,
            "\(graph.name) \(name) \(algorithm) \(set): \(difference) of \(scale)")
        }
      }
    }
  }
}
