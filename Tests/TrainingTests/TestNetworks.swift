import ComputationGraph
import Foundation
import Foundations
import Training

/// Small networks and data for the tests of this target.
enum TestNetworks {
  static func window(_ kernel: Int, stride: Int = 1, padding: Int, dilation: Int = 1) -> Window2D {
    Window2D(
      kernel: Size2D(kernel), stride: Size2D(stride), padding: Padding2D(padding), dilation: Size2D(dilation))
  }

  /// Random bytes as images.
  static func dataset(
    count: Int, channels: Int, height: Int, width: Int, classes: Int, seed: UInt64
  ) throws -> ImageDataset {
    var generator = SeededGenerator(seed: seed)
    let pixels = (0..<count * channels * height * width).map { _ in
      UInt8.random(in: 0...255, using: &generator)
    }
    let labels = (0..<count).map { _ in UInt8.random(in: 0..<UInt8(classes), using: &generator) }
    return try ImageDataset(
      name: "noise", channels: channels, height: height, width: width, classes: classes, images: pixels,
      labels: labels)
  }

  /// A random network whose operators cover every kind, with odd extents, asymmetric paddings and shared readers.
  static func random(seed: UInt64) throws -> Graph {
    var g = SeededGenerator(seed: seed)
    func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &g) }
    var builder = GraphBuilder(name: "random \(seed)")
    let image = builder.input("image", shape: [1, pick(1...3), pick(5...7), pick(5...8)])
    var x = try builder.convolution(
      image, outputChannels: pick(3...9), window: window(3, padding: 1), bias: Bool.random(using: &g))
    var earlier: [TensorID] = [x]
    for _ in 0..<pick(3...6) {
      let channels = builder.shape(of: x)[1]
      switch pick(0...9) {
      case 0, 1:
        let kernel = Size2D(height: pick(1...3), width: pick(1...4))
        let dilation = Size2D(height: pick(1...2), width: 1)
        let random = Window2D(
          kernel: kernel, stride: Size2D(height: pick(1...2), width: pick(1...2)),
          padding: Padding2D(top: pick(0...2), left: pick(0...2), bottom: pick(1...2), right: pick(1...2)),
          dilation: dilation)
        let fits = random.outputSize(height: builder.shape(of: x)[2], width: builder.shape(of: x)[3]) != nil
        x = try builder.convolution(
          x, outputChannels: pick(1...10), window: fits ? random : window(1, padding: 0),
          bias: Bool.random(using: &g))
      case 2:
        x = try builder.convolution(
          x, outputChannels: channels * pick(1...2), window: window(3, padding: 1), groups: channels)
      case 3:
        x = try builder.batchNormalization(x)
        if Bool.random(using: &g) { x = try builder.add(.relu, [x]) }
      case 4:
        let normal = try builder.batchNormalization(
          try builder.convolution(x, outputChannels: channels, window: window(1, padding: 0)))
        let other = try builder.batchNormalization(
          try builder.convolution(
            try builder.add(.relu, [x]), outputChannels: channels, window: window(3, padding: 2, dilation: 2))
        )
        x = try builder.add(.add(activation: Bool.random(using: &g) ? .relu : .none), [normal, x, other])
      case 5: x = try builder.add(.add(activation: .none), [x, x, try builder.add(.relu, [x])])
      case 6:
        x = try builder.add(
          .averagePool(window: window(3, padding: 1), countsPadding: Bool.random(using: &g)), [x])
      case 7: x = try builder.add(.maxPool(window: window(3, stride: pick(1...2), padding: 1)), [x])
      case 8:
        let narrow = try builder.convolution(x, outputChannels: pick(1...4), window: window(1, padding: 0))
        x = try builder.add(.concat(axis: 1), [x, narrow, try builder.add(.identity, [x])])
      default:
        let same = earlier.filter { builder.shape(of: $0) == builder.shape(of: x) && $0 != x }
        if let other = same.last { x = try builder.add(.add(activation: .none), [x, other]) }
        x = try builder.add(.relu, [x])
        _ = try builder.add(.relu, [x], name: "unused")
      }
      earlier.append(x)
    }
    if Bool.random(using: &g) { x = try builder.add(.globalAveragePool, [x]) }
    x = try builder.add(.flatten, [x])
    let logits = try builder.fullyConnected(x, outputs: pick(2...5), name: "logits")
    return try builder.build(outputs: [logits])
  }

  /// Convolutions 3×3 that read one value, some of them through a ReLU of their own; another operator reads it as well.
  static func siblings(height: Int, width: Int, inputs: Int, outputs: [Int]) throws -> Graph {
    var builder = GraphBuilder(name: "siblings \(inputs) → \(outputs), \(height)×\(width)")
    let image = builder.input("image", shape: [1, 2, height, width])
    let x = try builder.batchNormalization(
      try builder.convolution(image, outputChannels: inputs, window: window(1, padding: 0)))
    var parts = [try builder.add(.averagePool(window: window(3, padding: 1), countsPadding: false), [x])]
    for (index, channels) in outputs.enumerated() {
      let source = index == 0 ? x : try builder.add(.relu, [x])
      let result = try builder.convolution(source, outputChannels: channels, window: window(3, padding: 1))
      parts.append(try builder.batchNormalization(result))
    }
    // The same again behind an identity: it is not computed twice.
    let again = try builder.convolution(
      try builder.add(.identity, [x]), outputChannels: 8, window: window(3, padding: 1))
    let all = try builder.add(.relu, [try builder.add(.concat(axis: 1), parts + [again])])
    let pooled = try builder.add(.flatten, [try builder.add(.globalAveragePool, [all])])
    let logits = try builder.fullyConnected(pooled, outputs: 3, name: "logits")
    return try builder.build(outputs: [logits])
  }

  /// Normal weights with scales and shifts that differ from the neutral ones; positive variances.
  static func weights(for graph: Graph, seed: UInt64) -> WeightValues {
    var generator = SeededGenerator(seed: seed)
    var result = WeightValues()
    for id in graph.weights {
      let tensor = graph[id]
      let fanIn = max(1, tensor.shape.elementCount / tensor.shape[0])
      result[tensor.name] = (0..<tensor.shape.elementCount).map { _ in
        let normal = generator.nextNormal()
        if tensor.name.hasSuffix(".variance") { return Float(0.5 + abs(normal)) }
        if tensor.name.hasSuffix(".scale") { return Float(1 + 0.3 * normal) }
        return Float(normal / Double(fanIn).squareRoot())
      }
    }
    return result
  }

  /// A small residual network for images of 28×28.
  static func small(channels: Int = 8, height: Int = 28, width: Int = 28, classes: Int = 10) throws -> Graph {
    var builder = GraphBuilder(name: "small")
    let image = builder.input("image", shape: [1, 1, height, width])
    var x = try builder.batchNormalization(
      try builder.convolution(image, outputChannels: channels, window: window(3, stride: 2, padding: 1)))
    for width in [channels, 2 * channels] {
      let stride = width == channels ? 1 : 2
      let branch = try builder.batchNormalization(
        try builder.convolution(
          try builder.add(.relu, [x]), outputChannels: width, window: window(3, stride: stride, padding: 1)))
      let shortcut =
        stride == 1
        ? x
        : try builder.convolution(
          x, outputChannels: width, window: window(1, stride: 2, padding: 0))
      x = try builder.add(.add(activation: .none), [branch, shortcut])
    }
    x = try builder.add(.relu, [try builder.batchNormalization(x)])
    x = try builder.add(.flatten, [try builder.add(.globalAveragePool, [x])])
    let logits = try builder.fullyConnected(x, outputs: classes, name: "logits")
    return try builder.build(outputs: [logits])
  }
}
