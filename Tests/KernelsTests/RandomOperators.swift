import ComputationGraph
import Foundations

/// The kinds of operator that tests draw random instances of.
enum OperatorFamily: String, CaseIterable, Sendable {
  case convolution, groupedConvolution, pointwiseConvolution, depthwiseConvolution, batchNormalization, relu,
    maxPool
  case averagePool, globalAveragePool, add, concat, flatten, fullyConnected, identity
  /// 3×3 with stride 1, and channels enough for more than one block of any kernel.
  case wideConvolution
  case elementwise, arithmetic, softmax, mean, layerNormalization, matrixProduct, reshape, transpose, slice
  case pad, gather, resize
  /// With a bias and an addend.
  case addingConvolution

  /// A graph of one random operator of this family whose inputs are all graph inputs.
  func randomGraph(_ generator: inout SeededGenerator) throws -> Graph {
    while true {
      // A window that does not fit its image is drawn again.
      if let graph = try? attempt(&generator) { return graph }
    }
  }

  private func attempt(_ generator: inout SeededGenerator) throws -> Graph {
    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    var builder = GraphBuilder(name: rawValue)
    let batch = draw(1...8) == 1 ? 2 : 1
    let shape: TensorShape = [batch, draw(1...9), draw(1...14), draw(1...14)]
    let output: TensorID
    switch self {
    case .addingConvolution: output = try addAddingConvolution(to: &builder, shape, &generator)
    case .convolution, .groupedConvolution, .pointwiseConvolution, .depthwiseConvolution, .wideConvolution:
      let groups =
        switch self {
        case .groupedConvolution: draw(2...3)
        case .depthwiseConvolution: draw(1...7)
        default: 1
        }
      let channels =
        self == .depthwiseConvolution ? groups : groups * draw(1...(self == .wideConvolution ? 40 : 5))
      let x = builder.input("x", shape: [batch, channels, shape[2], shape[3]])
      let isPlain = self == .pointwiseConvolution && draw(0...2) > 0
      let window =
        self == .pointwiseConvolution
        ? Window2D(
          kernel: Size2D(1), stride: isPlain ? Size2D(1) : Size2D(height: draw(1...3), width: draw(1...2)),
          padding: isPlain ? Padding2D(0) : Padding2D(draw(0...1)))
        : self == .wideConvolution
          ? Window2D(kernel: Size2D(3), padding: Padding2D(draw(0...2)))
          : Self.window(&generator, maxKernel: 5)
      let outputs = groups * draw(1...(self == .wideConvolution ? 70 : 4))
      var arguments = [
        x,
        builder.weight("w", shape: [outputs, channels / groups, window.kernel.height, window.kernel.width]),
      ]
      if Bool.random(using: &generator) { arguments.append(builder.weight("b", shape: [outputs])) }
      output = try builder.add(
        .convolution(
          window: window, groups: groups, inputActivation: draw(0...2) == 0 ? .relu : .none,
          activation: Activation.allCases.randomElement(using: &generator)!), arguments)
    case .batchNormalization:
      let shape = draw(0...3) == 0 ? TensorShape([shape[0], shape[1]]) : shape
      let x = builder.input("x", shape: shape)
      let parameters = ["s", "t", "m", "v"].map { builder.weight($0, shape: [shape[1]]) }
      output = try builder.add(
        .batchNormalization(epsilon: 1e-3, activation: Activation.allCases.randomElement(using: &generator)!),
        [x] + parameters)
    case .relu: output = try builder.add(.relu, [builder.input("x", shape: shape)])
    case .maxPool:
      output = try builder.add(
        .maxPool(window: Self.window(&generator, maxKernel: 3)), [builder.input("x", shape: shape)])
    case .averagePool:
      output = try builder.add(
        .averagePool(
          window: Self.window(&generator, maxKernel: 3), countsPadding: Bool.random(using: &generator)),
        [builder.input("x", shape: shape)])
    case .globalAveragePool: output = try builder.add(.globalAveragePool, [builder.input("x", shape: shape)])
    case .add:
      var inputs = (0..<draw(2...4)).map { builder.input("x\($0)", shape: shape) }
      if draw(0...3) == 0 { inputs.append(inputs[0]) }
      output = try builder.add(
        .add(activation: Activation.allCases.randomElement(using: &generator)!), inputs)
    case .concat:
      let axis = draw(0...3)
      let inputs = (0..<draw(1...4)).map { index in
        var dimensions = shape.dimensions
        dimensions[axis] = draw(1...5)
        return builder.input("x\(index)", shape: TensorShape(dimensions))
      }
      output = try builder.add(.concat(axis: axis), inputs)
    case .flatten: output = try builder.add(.flatten, [builder.input("x", shape: shape)])
    case .fullyConnected:
      let x = builder.input("x", shape: [batch, draw(1...40)])
      let outputs = draw(1...12)
      var arguments = [x, builder.weight("w", shape: [outputs, builder.shape(of: x)[1]])]
      if Bool.random(using: &generator) { arguments.append(builder.weight("b", shape: [outputs])) }
      output = try builder.add(.fullyConnected, arguments)
    case .identity: output = try builder.add(.identity, [builder.input("x", shape: shape)])
    case .elementwise, .arithmetic, .softmax, .mean, .layerNormalization, .matrixProduct, .reshape,
      .transpose, .slice, .pad, .gather, .resize:
      output = try addGeneral(to: &builder, &generator)
    }
    return try builder.build(outputs: [output])
  }

  /// A convolution of any of the other families' windows; now and then it adds the image that it reads.
  private func addAddingConvolution(
    to builder: inout GraphBuilder, _ shape: TensorShape, _ generator: inout SeededGenerator
  ) throws -> TensorID {
    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    let channels = draw(1...40)
    let x = builder.input("x", shape: [shape[0], channels, shape[2], shape[3]])
    let window =
      switch draw(0...3) {
      case 0: Self.window(&generator, maxKernel: 5)
      case 1: Window2D(kernel: Size2D(1))
      default: Window2D(kernel: Size2D(3), padding: Padding2D(draw(0...2)))
      }
    guard let size = window.outputSize(height: shape[2], width: shape[3]) else {
      throw GraphError.invalidOperator(name: "window", reason: "it does not fit")
    }
    let result: TensorShape = [shape[0], draw(0...1) == 0 ? channels : draw(1...70), size.height, size.width]
    let parameters = [
      builder.weight("w", shape: [result[1], channels, window.kernel.height, window.kernel.width]),
      builder.weight("b", shape: [result[1]]),
    ]
    let addsInput = builder.shape(of: x) == result && Bool.random(using: &generator)
    return try builder.add(
      .convolution(
        window: window, groups: 1, inputActivation: draw(0...2) == 0 ? .relu : .none,
        activation: Activation.allCases.randomElement(using: &generator)!),
      [x] + parameters + [addsInput ? x : builder.input("a", shape: result)])
  }

  private static func window(_ generator: inout SeededGenerator, maxKernel: Int) -> Window2D {
    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    return Window2D(
      kernel: Size2D(height: draw(1...maxKernel), width: draw(1...maxKernel)),
      stride: Size2D(height: draw(1...3), width: draw(1...3)),
      padding: Padding2D(top: draw(0...3), left: draw(0...3), bottom: draw(0...3), right: draw(0...3)),
      dilation: Size2D(height: draw(1...3), width: draw(1...3)))
  }
}
