import ComputationGraph
import Foundations

/// Random graphs of every executable kind, with every attribute that can be written.
enum RandomExecutableGraph {
  /// A connected graph that ends in `logits`.
  static func make(operators: Int, using generator: inout SeededGenerator) -> Graph {
    while true {
      if let graph = try? attempt(operators: operators, using: &generator) { return graph }
    }
  }

  private static func attempt(operators: Int, using generator: inout SeededGenerator) throws -> Graph {
    var builder = GraphBuilder(name: "random")
    let image = builder.input("image", shape: [1, 4, 9, 8])
    var images = [image]
    for _ in 0..<operators {
      let x = images.suffix(4).randomElement(using: &generator)!
      // A draw that does not fit (a window larger than the image) adds nothing.
      if let y = try? add(to: x, among: images, &builder, using: &generator) { images.append(y) }
    }
    let tail = try builder.add(.globalAveragePool, [images.last!])
    let flat = try builder.add(.flatten, [tail])
    let logits = try builder.fullyConnected(flat, outputs: 5, name: "logits")
    var outputs = [logits]
    if Bool.random(using: &generator), images.count > 2 { outputs.append(images[images.count / 2]) }
    return try builder.build(outputs: outputs.filter { $0 != image })
  }

  private static func add(
    to x: TensorID, among images: [TensorID], _ builder: inout GraphBuilder,
    using generator: inout SeededGenerator
  ) throws -> TensorID {
    let shape = builder.shape(of: x)
    func activation() -> Activation { Activation.allCases.randomElement(using: &generator)! }
    switch Int.random(in: 0..<16, using: &generator) {
    case 0, 1, 2:
      let groups = shape[1] % 2 == 0 ? [1, 2, shape[1]].randomElement(using: &generator)! : 1
      let channels = groups * Int.random(in: 1...max(1, 8 / groups), using: &generator)
      let window = window(using: &generator)
      let name = "conv.\(images.count)"
      let weight = builder.weight(
        "\(name).weight", shape: [channels, shape[1] / groups, window.kernel.height, window.kernel.width])
      var inputs = [x, weight]
      if Bool.random(using: &generator) { inputs.append(builder.weight("\(name).bias", shape: [channels])) }
      let kind = OperatorKind.convolution(
        window: window, groups: groups, inputActivation: Bool.random(using: &generator) ? .relu : .none,
        activation: activation())
      if inputs.count == 3, groups == 1 {
        let result = try ShapeInference.outputShape(
          of: kind, name: name, inputs: inputs.map(builder.shape(of:)))
        let addends = images.filter { builder.shape(of: $0) == result }
        if let addend = addends.randomElement(using: &generator) { inputs.append(addend) }
      }
      return try builder.add(kind, inputs, name: name)
    case 3:
      let parameters = ["scale", "shift", "mean", "variance"].map {
        builder.weight("norm\(images.count).\($0)", shape: [shape[1]])
      }
      return try builder.add(
        .batchNormalization(epsilon: 0.01, activation: activation()), [x] + parameters,
        name: "norm\(images.count)")
    case 4: return try builder.add(.relu, [x])
    case 5: return try builder.add(.maxPool(window: poolWindow(using: &generator)), [x])
    case 6:
      // With dilation, ONNX Runtime 1.24 miscounts padding at the far edge; onnx's own evaluator agrees with us.
      let window = poolWindow(using: &generator)
      let countsPadding = window.dilation == Size2D(1) && Bool.random(using: &generator)
      return try builder.add(.averagePool(window: window, countsPadding: countsPadding), [x])
    case 7:
      let same = images.filter { builder.shape(of: $0) == shape }
      let others = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
        same.randomElement(using: &generator)!
      }
      return try builder.add(.add(activation: activation()), [x] + others)
    case 8:
      let same = images.filter {
        builder.shape(of: $0).dimensions[2...] == shape.dimensions[2...]
      }
      let others = (0..<Int.random(in: 0...2, using: &generator)).map { _ in
        same.randomElement(using: &generator)!
      }
      return try builder.add(.concat(axis: 1), [x] + others)
    case 9: return try builder.add(.identity, [x])
    default: return try addGeneral(to: x, number: images.count, &builder, using: &generator)
    }
  }

  /// A kind for tensors of any rank, on an image.
  private static func addGeneral(
    to x: TensorID, number: Int, _ builder: inout GraphBuilder, using generator: inout SeededGenerator
  ) throws -> TensorID {
    let shape = builder.shape(of: x)
    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    switch draw(0...11) {
    case 0, 1:
      let functions: [ElementwiseFunction] = [
        .clip(minimum: -1, maximum: 1), .clip(minimum: -.infinity, maximum: 2), .leakyRelu(slope: 0.1),
        .sigmoid,
        .hardSigmoid(slope: 0.25, offset: 0.5), .hardSwish, .silu, .erf, .gelu,
      ]
      return try builder.add(.elementwise(functions.randomElement(using: &generator)!), [x])
    case 2:
      let pooled = try builder.add(.mean(axes: draw(1...2)..<4), [x])
      let function = Bool.random(using: &generator) ? ArithmeticFunction.multiply : .subtract
      return try builder.add(.arithmetic(function), [x, pooled])
    case 3:
      let other = builder.weight("operand\(number)", shape: [shape[3]])
      return try builder.add(
        .arithmetic(ArithmeticFunction.allCases.randomElement(using: &generator)!), [x, other])
    case 4: return try builder.add(.softmax(axis: draw(1...3)), [x])
    case 5:
      let parts = ["scale", "shift"].map { builder.weight("rows\(number).\($0)", shape: [shape[3]]) }
      return try builder.add(.layerNormalization(axis: 3, epsilon: 0.01), [x] + parts)
    case 6: return try builder.add(.transpose(permutation: [0, 1, 3, 2]), [x])
    case 7:
      let starts = shape.dimensions.map { $0 > 3 ? draw(0...1) : 0 }
      let steps = shape.dimensions.map { $0 > 6 ? draw(1...2) : 1 }
      let extents = starts.indices.map { (shape[$0] - starts[$0] - 1) / steps[$0] + 1 }
      return try builder.add(.slice(starts: starts, extents: extents, steps: steps), [x])
    case 8:
      return try builder.add(
        .pad(
          before: [0, draw(0...1), draw(-1...2), draw(-1...2)], after: [0, 0, draw(-1...2), draw(0...2)],
          value: Float(draw(-1...1))), [x])
    case 9:
      return try builder.add(
        .gather(axis: 1), [x, builder.weight("indices\(number)", shape: [draw(1...6)])])
    case 10:
      let size = Size2D(height: draw(2...12), width: draw(2...12))
      return try builder.add(
        .resize(
          Resampling(
            mode: .linear, coordinates: .halfPixel, size: size,
            rowScale: Float(size.height) / Float(shape[2]), columnScale: Float(size.width) / Float(shape[3]))),
        [x])
    default:
      let folded = try builder.add(.reshape([1, shape[1] * shape[2], shape[3]]), [x])
      let product = try builder.add(
        .matrixProduct, [folded, builder.weight("factor\(number)", shape: [shape[3], 5])])
      return try builder.add(.reshape([1, shape[1], shape[2], 5]), [product])
    }
  }

  /// ONNX Runtime refuses pools whose padding is not smaller than the kernel, however far the taps reach.
  private static func poolWindow(using generator: inout SeededGenerator) -> Window2D {
    var window = window(using: &generator)
    window.padding.top = min(window.padding.top, window.kernel.height - 1)
    window.padding.bottom = min(window.padding.bottom, window.kernel.height - 1)
    window.padding.left = min(window.padding.left, window.kernel.width - 1)
    window.padding.right = min(window.padding.right, window.kernel.width - 1)
    return window
  }

  private static func window(using generator: inout SeededGenerator) -> Window2D {
    let kernel = Size2D(
      height: Int.random(in: 1...3, using: &generator), width: Int.random(in: 1...3, using: &generator))
    let dilation = Size2D(
      height: Int.random(in: 1...2, using: &generator), width: Int.random(in: 1...2, using: &generator))
    let reach = [dilation.height * (kernel.height - 1), dilation.width * (kernel.width - 1)]
    return Window2D(
      kernel: kernel, stride: Size2D(Int.random(in: 1...2, using: &generator)),
      padding: Padding2D(
        top: Int.random(in: 0...reach[0], using: &generator),
        left: Int.random(in: 0...reach[1], using: &generator),
        bottom: Int.random(in: 0...reach[0], using: &generator),
        right: Int.random(in: 0...reach[1], using: &generator)), dilation: dilation)
  }
}
