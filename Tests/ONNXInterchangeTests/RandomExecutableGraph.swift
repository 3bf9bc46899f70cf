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
    func activation() -> Activation { Bool.random(using: &generator) ? .relu : .none }
    switch Int.random(in: 0..<10, using: &generator) {
    case 0, 1, 2:
      let groups = shape[1] % 2 == 0 ? [1, 2, shape[1]].randomElement(using: &generator)! : 1
      let channels = groups * Int.random(in: 1...max(1, 8 / groups), using: &generator)
      let window = window(using: &generator)
      let name = "conv.\(images.count)"
      let weight = builder.weight(
        "\(name).weight", shape: [channels, shape[1] / groups, window.kernel.height, window.kernel.width])
      var inputs = [x, weight]
      if Bool.random(using: &generator) { inputs.append(builder.weight("\(name).bias", shape: [channels])) }
      return try builder.add(
        .convolution(window: window, groups: groups, inputActivation: activation(), activation: activation()),
        inputs,
        name: name)
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
    default: return try builder.add(.identity, [x])
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
