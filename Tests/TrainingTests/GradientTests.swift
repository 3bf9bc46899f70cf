import ComputationGraph
import Foundations
import Testing
import Training

@Suite struct GradientTests {
  @Test(arguments: 0..<24)
  func randomNetworksMatchFiniteDifferences(seed: Int) throws {
    try GradientCheck.run(
      TestNetworks.random(seed: UInt64(seed)), algorithm: .microkernels, set: .best,
      smoothing: seed % 3 == 0 ? 0.1 : 0, seed: UInt64(seed))
  }

  @Test(arguments: 24..<32)
  func blasMatchesFiniteDifferences(seed: Int) throws {
    try GradientCheck.run(
      TestNetworks.random(seed: UInt64(seed)), algorithm: .blas, set: .best, samples: 2, seed: UInt64(seed))
  }

  @Test func gradientOfSeveralChunksIsTheirMean() throws {
    try GradientCheck.run(
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
      try GradientCheck.run(graph, algorithm: algorithm, set: .best, seed: UInt64(kernel * 10 + stride))
    }
  }

  /// Winograd's form, and several convolutions of one input computed together: channels that fill no block, extents
  /// that are no multiple of a tile, an input whose gradient other operators add to.
  @Test(arguments: [
    (height: 6, width: 6, inputs: 8, outputs: [8]), (6, 7, 9, [8, 11]),
  ])
  func winogradMatchesFiniteDifferences(height: Int, width: Int, inputs: Int, outputs: [Int]) throws {
    let graph = try TestNetworks.siblings(height: height, width: width, inputs: inputs, outputs: outputs)
    try GradientCheck.run(
      graph, algorithm: .microkernels, set: .best, samples: 2, seed: UInt64(height * 10 + width))
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
      ).batchGradients(on: data, normalization: GradientCheck.normalization(shape[1])).gradients
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
      ).batchGradients(on: data, normalization: GradientCheck.normalization(shape[1])).gradients
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
