import ComputationGraph

/// A Pad that has not become an operator: what reads it may pad by itself.
struct DeferredPad {
  let node: ExecutionNode
  let source: TensorID
  let padding: Padding2D
  let value: Float
}

/// Views, padding and cutting out.
extension ExecutionImporter {
  mutating func view(_ node: ExecutionNode) throws(ONNXError) {
    let x = try activation(node, 0)
    let (before, after) = (tensors[x.index].shape, shape(node.output))
    if before == after {
      try emit(.identity, [x], node)
    } else if before.rank >= 1, after == [before[0], before.elementCount / max(before[0], 1)] {
      try emit(.flatten, [x], node)
    } else {
      throw unsupported(
        node,
        "it makes \(after) of \(before); only what keeps the shape or flattens all but the first axis has a kernel"
      )
    }
  }

  mutating func dropout(_ node: ExecutionNode) throws(ONNXError) {
    if let name = node.input(2) {
      guard let flag = stored.tensor(name), flag.rawData.allSatisfy({ $0 == 0 }),
        flag.int32Data.allSatisfy({ $0 == 0 })
      else { throw unsupported(node, "it drops values, as in training") }
    }
    try view(node)
  }

  // MARK: Padding

  mutating func pad(_ node: ExecutionNode) throws(ONNXError) {
    let image = try shape(name(node, 0))
    let mode = node.attributes.string("mode") ?? ""
    guard mode.isEmpty || mode == "constant" else {
      throw unsupported(node, "it pads by '\(mode.quoted)'; only constants are padded with")
    }
    guard
      let amounts = node.input(1) != nil
        ? stored.integers(try weightName(node, 1)) : node.attributes.integers("pads"),
      let axes = node.input(3) != nil
        ? stored.integers(try weightName(node, 3)) : Array(0..<image.rank),
      amounts.count == 2 * axes.count, amounts.allSatisfy({ abs(clamping: $0) <= 1 << 24 })
    else { throw unsupported(node, "its amounts are not in the file, or not two for each axis") }
    var (before, after) = ([0, 0, 0, 0], [0, 0, 0, 0])
    for (index, given) in axes.enumerated() where amounts[index] != 0 || amounts[index + axes.count] != 0 {
      let axis = given < 0 ? given + image.rank : given
      guard image.rank == 4, axis == 2 || axis == 3 else {
        throw unsupported(node, "only the height and width of images N×C×H×W are padded")
      }
      before[axis] = amounts[index]
      after[axis] = amounts[index + axes.count]
    }
    var value = node.attributes.float("value", default: 0)
    if let name = node.input(2) {
      guard case .values(let found) = stored.floats(name), let first = found.first else {
        throw unsupported(node, "the value that it pads with is not in the file")
      }
      value = first
    }
    let padding = Padding2D(
      top: max(0, before[2]), left: max(0, before[3]), bottom: max(0, after[2]), right: max(0, after[3]))
    let x = try activation(node, 0)
    if (before + after).allSatisfy({ $0 >= 0 }) {
      pads[node.output] = DeferredPad(node: node, source: x, padding: padding, value: value)
      return
    }
    guard value == 0 || padding == Padding2D(0) else { throw unsupportedValue(node) }
    try select(
      node, from: x, padding: padding,
      start: Size2D(height: max(0, -before[2]), width: max(0, -before[3])), stride: Size2D(1))
  }

  /// The first input of a node with the padding that a Pad before it adds to the node's own, if the node can pad
  /// with that value by itself.
  ///
  /// - Parameter pool: the window of a pool, which must not lie in padding alone.
  mutating func unpadded(
    _ node: ExecutionNode, value: Float, pool: Window2D? = nil
  ) throws(ONNXError) -> (input: TensorID, padding: Padding2D) {
    if let pad = pads[try name(node, 0)], pad.value == value,
      pool?.admitsPoolPadding(pool!.padding + pad.padding) ?? true
    {
      return (pad.source, pad.padding)
    }
    return (try activation(node, 0), Padding2D(0))
  }

  /// Makes a Pad an operator after all: a depthwise convolution with one tap.
  mutating func materialize(_ pad: DeferredPad) throws(ONNXError) {
    guard pad.value == 0 || pad.padding == Padding2D(0) else { throw unsupportedValue(pad.node) }
    try select(
      pad.node, from: pad.source, padding: pad.padding, start: Size2D(height: 0, width: 0), stride: Size2D(1))
  }

  private func unsupportedValue(_ node: ExecutionNode) -> ONNXError {
    unsupported(node, "kernels pad with zeros, and with nothing but what a pool ignores before pools")
  }

  // MARK: Cutting out

  mutating func slice(_ node: ExecutionNode) throws(ONNXError) {
    func values(_ attribute: String, _ index: Int) throws(ONNXError) -> [Int]? {
      node.input(index) != nil
        ? stored.integers(try weightName(node, index)) : node.attributes.integers(attribute)
    }
    let (image, result) = (try shape(name(node, 0)), shape(node.output))
    guard let starts = try values("starts", 1), let ends = try values("ends", 2), starts.count == ends.count
    else {
      throw unsupported(node, "where it cuts is not in the file")
    }
    let axes = try values("axes", 3) ?? Array(starts.indices)
    let steps = try values("steps", 4) ?? [Int](repeating: 1, count: starts.count)
    var (start, stride) = ([0, 0, 0, 0], [1, 1, 1, 1])
    guard image.rank == 4, result.rank == 4, axes.count == starts.count, steps.count == starts.count else {
      throw unsupported(node, "only images N×C×H×W are cut")
    }
    for (index, given) in axes.enumerated() {
      let axis = given < 0 ? given + 4 : given
      guard (0..<4).contains(axis), (1...Self.largestExtent).contains(steps[index]) else {
        throw unsupported(node, "axis \(given) cannot be cut in steps of \(steps[index])")
      }
      let extent = image[axis]
      func position(_ given: Int) -> Int { min(max(given < 0 ? given + extent : given, 0), extent) }
      let (first, end) = (position(starts[index]), position(ends[index]))
      let count = (max(0, end - first) + steps[index] - 1) / steps[index]
      guard count == result[axis] else {
        throw unsupported(node, "it cuts \(count) of axis \(axis), but its result is \(result)")
      }
      guard axis >= 2 || count == extent else {
        throw unsupported(node, "it cuts axis \(axis); only the height and width of images are cut")
      }
      (start[axis], stride[axis]) = (first, count > 1 ? steps[index] : 1)
    }
    let (x, padding) = try unpadded(node, value: 0)
    try select(
      node, from: x, padding: padding, start: Size2D(height: start[2], width: start[3]),
      stride: Size2D(height: stride[2], width: stride[3]))
  }

  /// Emits rows and columns of a padded image: a depthwise convolution that has one tap with the weight one.
  private mutating func select(
    _ node: ExecutionNode, from x: TensorID, padding: Padding2D, start: Size2D, stride: Size2D
  ) throws(ONNXError) {
    let (image, result) = (tensors[x.index].shape, shape(node.output))
    guard image.rank == 4, result.rank == 4 else {
      throw unsupported(node, "only images N×C×H×W are padded and cut")
    }
    /// Taps so that the windows end where the result does.
    func taps(_ extent: Int, _ start: Int, _ stride: Int, _ count: Int) throws(ONNXError) -> Int {
      let longest = extent - (count - 1) * stride
      let least = extent >= start + 1 && (extent - start - 1) / stride + 1 == count ? start + 1 : longest
      guard least > start, least <= Self.largestCut else {
        throw unsupported(
          node, "it cuts off \(least) rows or columns; at most \(Self.largestCut - 1) are cut")
      }
      return least
    }
    let kernel = Size2D(
      height: try taps(image[2] + padding.top + padding.bottom, start.height, stride.height, result[2]),
      width: try taps(image[3] + padding.left + padding.right, start.width, stride.width, result[3]))
    guard kernel != Size2D(1) || stride != Size2D(1) || padding != Padding2D(0) else {
      try emit(.identity, [x], node)
      return
    }
    let channels = image[1]
    let count = kernel.height * kernel.width
    let tap = start.height * kernel.width + start.width
    let weight = try addWeight("weight", shape: [channels, 1, kernel.height, kernel.width], node) {
      $0 % count == tap ? 1 : 0
    }
    let window = Window2D(kernel: kernel, stride: stride, padding: padding)
    try emit(
      .convolution(window: window, groups: channels, inputActivation: .none, activation: .none), [x, weight],
      node)
  }

  /// The most taps along an axis that a convolution that only cuts may have: beyond that it would be slower than a copy
  /// by far.
  private static let largestCut = 16
}

/// The magnitude, or the largest number where there is none.
private func abs(clamping value: Int) -> Int { Int(clamping: value.magnitude) }
