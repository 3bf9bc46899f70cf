import ComputationGraph

/// A cell of NAS-Bench-201 (arXiv 2001.00326) in its published notation: for each of the nodes 1 to 3 its edges, as
/// operation~source.
struct Cell {
  /// A convolution 3×3 on every edge: the most expensive cell.
  static let full = Cell(
    name: "all 3x3",
    text: "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|")
  /// The most accurate cell of the benchmark on CIFAR-10.
  static let best = Cell(
    name: "best",
    text: "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|")
  /// An average cell: each operation on about as many edges as in the whole space.
  static let mixed = Cell(
    name: "mixed",
    text: "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|")

  let name: String
  let text: String

  /// The edges of each node, from node 1.
  private var nodes: [[(operation: Substring, source: Int)]] {
    text.split(separator: "+").map { node in
      node.split(separator: "|").map { edge in
        let parts = edge.split(separator: "~")
        return (parts[0], Int(parts[1])!)
      }
    }
  }

  /// The network of three stages with one cell each, for grey images of 28×28 and ten classes, in training form.
  func network(channels stem: Int) throws(GraphError) -> Graph {
    var builder = GraphBuilder(name: "\(name), \(stem) channels")
    var channels = stem
    var x = builder.input("image", shape: [1, 1, 28, 28])
    x = try builder.batchNormalization(
      try builder.convolution(x, outputChannels: channels, window: Self.window(3)))
    for stage in 0..<3 {
      if stage > 0 {
        channels *= 2
        x = try Self.reduction(&builder, x, channels)
      }
      x = try cell(&builder, x, channels)
    }
    x = try builder.add(.relu, [try builder.batchNormalization(x)])
    x = try builder.add(.flatten, [try builder.add(.globalAveragePool, [x])])
    let logits = try builder.fullyConnected(x, outputs: 10)
    return try builder.build(outputs: [logits])
  }

  private func cell(_ builder: inout GraphBuilder, _ x: TensorID, _ channels: Int) throws(GraphError)
    -> TensorID
  {
    var values: [TensorID?] = [x]
    for edges in nodes {
      var terms: [TensorID] = []
      for edge in edges {
        guard let source = values[edge.source] else { continue }
        switch edge.operation {
        case "none": continue
        case "skip_connect": terms.append(source)
        case "avg_pool_3x3":
          terms.append(
            try builder.add(.averagePool(window: Self.window(3), countsPadding: false), [source]))
        default:
          let kernel = edge.operation == "nor_conv_1x1" ? 1 : 3
          terms.append(try Self.normalized(&builder, source, channels, Self.window(kernel)))
        }
      }
      switch terms.count {
      case 0: values.append(nil)
      case 1: values.append(terms[0])
      default: values.append(try builder.add(.add(activation: .none), terms))
      }
    }
    guard let result = values[3] else { preconditionFailure("\(text) has no path to its output") }
    return result
  }

  /// The basic residual block that halves the image and doubles the width.
  private static func reduction(_ builder: inout GraphBuilder, _ x: TensorID, _ channels: Int)
    throws(GraphError) -> TensorID
  {
    let half = try normalized(&builder, x, channels, window(3, stride: 2))
    let main = try normalized(&builder, half, channels, window(3))
    let pooled = try builder.add(
      .averagePool(
        window: Window2D(
          kernel: Size2D(2), stride: Size2D(2), padding: Padding2D(0), dilation: Size2D(1)),
        countsPadding: false), [x])
    let shortcut = try builder.convolution(pooled, outputChannels: channels, window: window(1))
    return try builder.add(.add(activation: .none), [main, shortcut])
  }

  /// ReLU, convolution, batch norm.
  private static func normalized(
    _ builder: inout GraphBuilder, _ x: TensorID, _ channels: Int, _ window: Window2D
  ) throws(GraphError) -> TensorID {
    try builder.batchNormalization(
      try builder.convolution(try builder.add(.relu, [x]), outputChannels: channels, window: window))
  }

  private static func window(_ kernel: Int, stride: Int = 1) -> Window2D {
    Window2D(
      kernel: Size2D(kernel), stride: Size2D(stride), padding: Padding2D(kernel / 2), dilation: Size2D(1))
  }
}
