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
  mutating func view(_ node: ExecutionNode) throws(ONNXError) { try emitView(of: activation(node, 0), node) }

  /// Emits the node's result as a tensor under another shape.
  mutating func emitView(of x: TensorID, _ node: ExecutionNode) throws(ONNXError) {
    let (before, after) = (tensors[x.index].shape, shape(node.output))
    if before == after {
      try emit(.identity, [x], node)
    } else if before.rank >= 1, after == [before[0], before.elementCount / max(before[0], 1)] {
      try emit(.flatten, [x], node)
    } else {
      try emit(.reshape(after), [x], node)
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
    var (before, after) = ([Int](repeating: 0, count: image.rank), [Int](repeating: 0, count: image.rank))
    for (index, given) in axes.enumerated() {
      let axis = given < 0 ? given + image.rank : given
      guard image.dimensions.indices.contains(axis) else {
        throw unsupported(node, "there is no axis \(given)")
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
    let x = try activation(node, 0)
    let isImagePadding =
      image.rank == 4 && (before + after).allSatisfy({ $0 >= 0 })
      && (before[..<2] + after[..<2]).allSatisfy({ $0 == 0 })
    guard isImagePadding else {
      try emit(.pad(before: before, after: after, value: value), [x], node)
      return
    }
    pads[node.output] = DeferredPad(
      node: node, source: x,
      padding: Padding2D(top: before[2], left: before[3], bottom: after[2], right: after[3]), value: value)
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

  /// Makes a Pad an operator after all.
  mutating func materialize(_ pad: DeferredPad) throws(ONNXError) {
    try emitPad(pad, cutTo: Cut(whole: shape(pad.node.output)), pad.node)
  }

  /// Emits a part of a padded image, of neighbouring elements, as a node's result.
  mutating func emitPad(_ pad: DeferredPad, cutTo cut: Cut, _ node: ExecutionNode) throws(ONNXError) {
    let image = tensors[pad.source.index].shape
    let first = [0, 0, pad.padding.top, pad.padding.left]
    let before = first.indices.map { first[$0] - cut.starts[$0] }
    let after = first.indices.map { cut.extents[$0] - image[$0] - before[$0] }
    // What begins or ends beyond the image itself has nothing of it, which no Pad can say.
    let hasImage = first.indices.allSatisfy { before[$0] > -image[$0] && after[$0] > -image[$0] }
    guard hasImage else { throw unsupported(node, "it cuts out nothing but padding") }
    let isWhole = (before + after).allSatisfy { $0 == 0 }
    try emit(
      isWhole ? .identity : .pad(before: before, after: after, value: pad.value), [pad.source], node)
  }
}

/// The magnitude, or the largest number where there is none.
private func abs(clamping value: Int) -> Int { Int(clamping: value.magnitude) }
