import ComputationGraph

/// Convolutions and pools.
extension ExecutionImporter {
  mutating func convolution(_ node: ExecutionNode) throws(ONNXError) {
    let weight = try weightName(node, 1)
    let weightShape = shape(weight)
    guard try shape(name(node, 0)).rank == 4, weightShape.rank == 4 else {
      throw unsupported(node, "its input is \(try shape(name(node, 0))); only images N×C×H×W are convolved")
    }
    var (window, _) = try window(node, kernel: Size2D(height: weightShape[2], width: weightShape[3]))
    let (x, padding) = try unpadded(node, value: 0)
    window.padding = window.padding + padding
    var inputs = [x]
    inputs.append(try addWeight("weight", shape: weightShape, from: weight, node))
    if node.input(2) != nil {
      let bias = try weightName(node, 2)
      inputs.append(try addWeight("bias", shape: shape(bias), from: bias, node))
    } else if !biasNameIsFree(node) {
      inputs.append(try addWeight("bias", shape: [weightShape[0]], node) { _ in 0 })
    }
    let groups = node.attributes.integer("group", default: 1)
    try emit(
      .convolution(window: window, groups: groups, inputActivation: .none, activation: .none), inputs, node)
  }

  mutating func pool(_ node: ExecutionNode) throws(ONNXError) {
    guard let kernel = node.attributes.integers("kernel_shape"), kernel.count == 2,
      try shape(name(node, 0)).rank == 4
    else {
      throw unsupported(node, "its input is \(try shape(name(node, 0))); only images N×C×H×W are pooled")
    }
    let size = Size2D(height: kernel[0], width: kernel[1])
    var (window, reachesBeyond) = try window(node, kernel: size)
    if node.type == "MaxPool" {
      let (x, padding) = try unpadded(node, value: -.infinity, pool: window)
      window.padding = window.padding + padding
      try emit(.maxPool(window: window), [x], node)
      return
    }
    let counts = node.attributes.integer("count_include_pad", default: 0) != 0
    if counts, reachesBeyond {
      throw unsupported(node, "it counts padding and rounds its size up, which no kernel does")
    }
    // What a Pad adds is counted; where padding of the pool's own is not, the two do not mix.
    guard counts || window.padding == Padding2D(0) else {
      try emit(.averagePool(window: window, countsPadding: false), [activation(node, 0)], node)
      return
    }
    let (x, padding) = try unpadded(node, value: 0, pool: window)
    window.padding = window.padding + padding
    try emit(.averagePool(window: window, countsPadding: window.padding != Padding2D(0)), [x], node)
  }

  mutating func globalPool(_ node: ExecutionNode) throws(ONNXError) {
    let image = try shape(name(node, 0))
    guard image.rank == 4 else {
      throw unsupported(node, "its input is \(image); only images N×C×H×W are pooled")
    }
    let isMean = node.type == "GlobalAveragePool"
    let whole = Window2D(kernel: Size2D(height: image[2], width: image[3]))
    try emit(isMean ? .globalAveragePool : .maxPool(window: whole), [activation(node, 0)], node)
  }

  // MARK: Windows

  /// The window of a convolution or pool, as it lies on the input that the node names.
  ///
  /// Where a pool rounds its extents up, padding is added behind the image: it is never the maximum and never counted.
  private func window(_ node: ExecutionNode, kernel: Size2D) throws(ONNXError) -> (
    window: Window2D, reachesBeyond: Bool
  ) {
    let image = try shape(name(node, 0))
    let stride = try pair("strides", node)
    let dilation = try pair("dilations", node)
    var window = Window2D(kernel: kernel, stride: stride, dilation: dilation)
    let automatic = node.attributes.string("auto_pad") ?? ""
    switch automatic {
    case "VALID": break
    case "SAME_UPPER", "SAME_LOWER":
      let isUpper = automatic == "SAME_UPPER"
      func split(_ extent: Int, _ stride: Int, _ reach: Int) -> (before: Int, after: Int) {
        let total = max(0, ((extent + stride - 1) / stride - 1) * stride + reach - extent)
        return isUpper ? (total / 2, total - total / 2) : (total - total / 2, total / 2)
      }
      let rows = split(image[2], stride.height, window.reach.height)
      let columns = split(image[3], stride.width, window.reach.width)
      window.padding = Padding2D(
        top: rows.before, left: columns.before, bottom: rows.after, right: columns.after)
    default:
      let pads = try list("pads", count: 4, default: 0, node)
      window.padding = Padding2D(top: pads[0], left: pads[1], bottom: pads[2], right: pads[3])
    }
    let beyond = try roundingUpReach(node, window)
    window.padding = window.padding + beyond
    return (window, beyond != Padding2D(0))
  }

  /// How far the windows of the node's result reach beyond the image and its padding.
  private func roundingUpReach(_ node: ExecutionNode, _ window: Window2D) throws(ONNXError) -> Padding2D {
    let (image, result) = (try shape(name(node, 0)), shape(node.output))
    guard node.attributes.integer("ceil_mode", default: 0) != 0, result.rank == 4 else { return Padding2D(0) }
    let rows = image[2] + window.padding.top + window.padding.bottom
    let columns = image[3] + window.padding.left + window.padding.right
    return Padding2D(
      top: 0, left: 0,
      bottom: max(0, (result[2] - 1) * window.stride.height + window.reach.height - rows),
      right: max(0, (result[3] - 1) * window.stride.width + window.reach.width - columns))
  }

  private func pair(_ attribute: String, _ node: ExecutionNode) throws(ONNXError) -> Size2D {
    let values = try list(attribute, count: 2, default: 1, node)
    return Size2D(height: values[0], width: values[1])
  }

  private func list(
    _ attribute: String, count: Int, default value: Int, _ node: ExecutionNode
  ) throws(ONNXError) -> [Int] {
    guard let values = node.attributes.integers(attribute) else {
      return [Int](repeating: value, count: count)
    }
    guard values.count == count, values.allSatisfy({ (value...(1 << 24)).contains($0) }) else {
      throw .invalidAttribute(
        file: file, node: node.name, type: node.type, attribute: attribute,
        reason: "is \(ShapeRules.text(values)), but needs \(count) values from \(value) to \(1 << 24)")
    }
    return values
  }
}

extension Window2D {
  /// The extent from the first tap to the last.
  var reach: Size2D {
    Size2D(
      height: dilation.height * (kernel.height - 1) + 1, width: dilation.width * (kernel.width - 1) + 1)
  }

  /// Whether no window of a pool lies in the padding alone.
  func admitsPoolPadding(_ padding: Padding2D) -> Bool {
    max(padding.top, padding.bottom) < reach.height && max(padding.left, padding.right) < reach.width
  }
}

extension Padding2D {
  static func + (a: Padding2D, b: Padding2D) -> Padding2D {
    Padding2D(
      top: a.top + b.top, left: a.left + b.left, bottom: a.bottom + b.bottom, right: a.right + b.right)
  }
}
