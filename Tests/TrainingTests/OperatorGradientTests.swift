import ComputationGraph
import Foundations
import Testing
import Training

/// Every operator that can be trained, and every form in which several are computed together, by itself on random shapes.
@Suite struct OperatorGradientTests {
  /// An operator, or operators that one node of the tape computes.
  enum Form: String, CaseIterable {
    case convolution, groupedConvolution, depthwiseConvolution, pointwiseConvolution, winogradConvolution
    case siblingConvolutions, fullyConnected
    case batchNormalization, normalizedReLU, activatedBatchNormalization, relu, sharedReLU
    case sum, sumOfThree, doubled, normalizedSum, activatedSum, sumReadTwice
    case maximumPool, averagePool, averagePoolWithPadding, globalAverage, concatenation, identity
  }

  @Test(arguments: Form.allCases, 0..<4)
  func matchesFiniteDifferences(form: Form, seed: Int) throws {
    var shapes = RandomShapes(generator: SeededGenerator(seed: UInt64(seed), stream: 99))
    let graph = try shapes.network(form)
    for algorithm in ConvolutionAlgorithm.allCases {
      try GradientCheck.run(
        graph, algorithm: algorithm, set: .best, smoothing: seed == 0 ? 0.1 : 0, samples: 3,
        seed: UInt64(seed) + 7)
    }
  }

  /// Draws shapes and builds networks in which one form stands between two layers with weights, so that the gradients of
  /// its own weights and of its inputs both matter.
  struct RandomShapes {
    var generator: SeededGenerator

    private mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    mutating func network(_ form: Form) throws -> Graph {
      let isWinograd = form == .winogradConvolution || form == .siblingConvolutions
      var builder = GraphBuilder(name: form.rawValue)
      let image = builder.input(
        "image", shape: [1, pick(1...2), pick(isWinograd ? 4...7 : 3...7), pick(isWinograd ? 4...7 : 3...7)])
      func source(_ channels: Int) throws -> TensorID {
        try builder.convolution(
          image, outputChannels: channels, window: TestNetworks.window(1, padding: 0), bias: true)
      }
      let x = try source(isWinograd ? pick(8...10) : pick(1...9))
      let channels = builder.shape(of: x)[1]
      func convolution(_ x: TensorID, _ outputs: Int, _ window: Window2D, groups: Int = 1, bias: Bool) throws
        -> TensorID
      {
        try builder.convolution(x, outputChannels: outputs, window: window, groups: groups, bias: bias)
      }
      func normalized(_ x: TensorID) throws -> TensorID { try builder.batchNormalization(x) }
      let y: TensorID
      switch form {
      case .convolution:
        y = try convolution(
          x, pick(1...9), window(of: builder.shape(of: x)), bias: Bool.random(using: &generator))
      case .groupedConvolution:
        let wide = try source(2 * channels)
        y = try convolution(
          wide, 2 * pick(1...4), window(of: builder.shape(of: wide)), groups: 2, bias: true)
      case .depthwiseConvolution:
        y = try convolution(
          x, channels * pick(1...2), window(of: builder.shape(of: x)), groups: channels, bias: true)
      case .pointwiseConvolution:
        y = try convolution(
          x, pick(1...9), TestNetworks.window(1, stride: pick(1...2), padding: 0), bias: false)
      case .winogradConvolution:
        y = try convolution(x, pick(8...11), TestNetworks.window(3, padding: 1), bias: false)
      case .siblingConvolutions:
        let parts = try (0..<2).map { _ in
          try convolution(x, pick(8...9), TestNetworks.window(3, padding: 1), bias: false)
        }
        y = try builder.add(.concat(axis: 1), parts)
      case .fullyConnected:
        y = try builder.fullyConnected(try builder.add(.flatten, [x]), outputs: pick(1...9))
      case .batchNormalization: y = try normalized(x)
      case .normalizedReLU: y = try builder.add(.relu, [try normalized(x)])
      case .activatedBatchNormalization:
        let weights = ["scale", "shift", "mean", "variance"].map {
          builder.weight("bn.\($0)", shape: TensorShape([channels]))
        }
        y = try builder.add(.batchNormalization(epsilon: 1e-5, activation: .relu), [x] + weights)
      case .relu: y = try builder.add(.relu, [x])
      case .sharedReLU:
        let parts = [try builder.add(.relu, [x]), try builder.add(.relu, [x]), x]
        y = try builder.add(.concat(axis: 1), parts)
      case .sum: y = try builder.add(.add(activation: .none), [x, try source(channels)])
      case .sumOfThree:
        y = try builder.add(.add(activation: .none), [x, try source(channels), try source(channels)])
      case .doubled: y = try builder.add(.add(activation: .none), [x, x])
      case .normalizedSum:
        y = try builder.add(
          .add(activation: .none),
          [try normalized(x), try source(channels), try normalized(try source(channels))])
      case .activatedSum:
        y = try builder.add(.add(activation: .relu), [x, try normalized(try source(channels))])
      case .sumReadTwice:
        let sum = try builder.add(.add(activation: .none), [try normalized(x), try source(channels)])
        y = try builder.add(.concat(axis: 1), [sum, try builder.add(.relu, [sum])])
      case .maximumPool: y = try builder.add(.maxPool(window: pooling(of: builder.shape(of: x))), [x])
      case .averagePool, .averagePoolWithPadding:
        y = try builder.add(
          .averagePool(
            window: pooling(of: builder.shape(of: x)), countsPadding: form == .averagePoolWithPadding), [x])
      case .globalAverage: y = try builder.add(.globalAveragePool, [x])
      case .concatenation:
        y = try builder.add(.concat(axis: 1), [x, try source(pick(1...4)), x])
      case .identity: y = try builder.add(.identity, [x])
      }
      let flat = builder.shape(of: y).rank == 4 ? try builder.add(.flatten, [y]) : y
      let logits = try builder.fullyConnected(flat, outputs: pick(2...5))
      return try builder.build(outputs: [logits])
    }

    /// A window for a convolution, with everything uneven that can be.
    private mutating func window(of shape: TensorShape) -> Window2D {
      while true {
        let window = Window2D(
          kernel: Size2D(height: pick(1...4), width: pick(1...4)),
          stride: Size2D(height: pick(1...3), width: pick(1...3)),
          padding: Padding2D(top: pick(0...2), left: pick(0...2), bottom: pick(0...2), right: pick(0...2)),
          dilation: Size2D(height: pick(1...2), width: pick(1...2)))
        if window.outputSize(height: shape[2], width: shape[3]) != nil { return window }
      }
    }

    /// A window for a pool, whose padding is smaller than its kernel.
    private mutating func pooling(of shape: TensorShape) -> Window2D {
      while true {
        let (height, width) = (pick(2...5), pick(2...5))
        let window = Window2D(
          kernel: Size2D(height: height, width: width),
          stride: Size2D(height: pick(1...2), width: pick(1...2)),
          padding: Padding2D(
            top: pick(0...height - 1), left: pick(0...width - 1), bottom: pick(0...height - 1),
            right: pick(0...width - 1)))
        if window.outputSize(height: shape[2], width: shape[3]) != nil { return window }
      }
    }
  }
}
