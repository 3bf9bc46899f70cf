import ComputationGraph

/// Elements in another order or number: transposition, cutting out, gathering, resizing.
extension ExecutionImporter {
  mutating func transpose(_ node: ExecutionNode) throws(ONNXError) {
    let x = try activation(node, 0)
    let rank = tensors[x.index].shape.rank
    try emit(
      .transpose(permutation: node.attributes.integers("perm") ?? (0..<rank).reversed()), [x], node)
  }

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
    guard result.rank == image.rank, axes.count == starts.count, steps.count == starts.count else {
      throw unsupported(node, "it does not cut each axis once")
    }
    var cut = Cut(whole: image)
    for (index, given) in axes.enumerated() {
      let axis = given < 0 ? given + image.rank : given
      guard image.dimensions.indices.contains(axis), (1...Self.largestExtent).contains(steps[index]) else {
        throw unsupported(node, "axis \(given) cannot be cut in steps of \(steps[index])")
      }
      let extent = image[axis]
      func position(_ given: Int) -> Int { min(max(given < 0 ? given + extent : given, 0), extent) }
      let (first, end) = (position(starts[index]), position(ends[index]))
      let count = (max(0, end - first) + steps[index] - 1) / steps[index]
      guard count == result[axis] else {
        throw unsupported(node, "it cuts \(count) of axis \(axis), but its result is \(result)")
      }
      cut.starts[axis] = first
      cut.extents[axis] = count
      cut.steps[axis] = count > 1 ? steps[index] : 1
    }
    if let pad = pads[try name(node, 0)], cut.steps.allSatisfy({ $0 == 1 }) {
      try emitPad(pad, cutTo: cut, node)
      return
    }
    try emit(cut, of: activation(node, 0), node)
  }

  mutating func split(_ node: ExecutionNode) throws(ONNXError) {
    let x = try activation(node, 0)
    let shape = tensors[x.index].shape
    let axis = try axis(node, default: 0, rank: shape.rank)
    var start = 0
    for (index, output) in node.proto.output.enumerated() {
      guard let described = described[output], source[described].shape.rank == shape.rank else {
        throw unsupported(node, "the size of its result \(index) is not known")
      }
      var cut = Cut(whole: shape)
      cut.starts[axis] = start
      cut.extents[axis] = source[described].shape[axis]
      start += cut.extents[axis]
      try emit(cut, of: x, node, output: index)
    }
  }

  mutating func gather(_ node: ExecutionNode) throws(ONNXError) {
    let (shape, indices) = (try shape(name(node, 0)), try weightName(node, 1))
    let axis = try axis(node, default: 0, rank: shape.rank)
    let (extent, count) = (shape[axis], self.shape(indices).elementCount)
    guard extent <= Self.largestIndex, count <= Self.largestIndex, count > 0 else {
      throw unsupported(node, "it gathers \(count) of \(extent), which is too much")
    }
    let x = try activation(node, 0)
    var gathered = shape.dimensions
    gathered[axis] = count
    let kind: OperatorKind
    var inputs = [x]
    if let found = stored.integers(indices, longest: Self.largestIndex) {
      guard found.count == count, found.allSatisfy({ $0 >= -extent && $0 < extent }) else {
        throw unsupported(node, "its indices leave axis \(axis) of \(shape)")
      }
      let wanted = found.map { $0 < 0 ? $0 + extent : $0 }
      if wanted == Array(wanted[0]..<wanted[0] + count) {
        var cut = Cut(whole: shape)
        cut.starts[axis] = wanted[0]
        cut.extents[axis] = count
        kind = cut.kind
      } else {
        inputs.append(try addWeight("indices", shape: [count], node) { Float(wanted[$0]) })
        kind = .gather(axis: axis)
      }
    } else if stored.tensor(indices)?.isWithoutValues ?? false {
      inputs.append(addMissingWeight("indices", shape: [count], from: indices, node))
      kind = .gather(axis: axis)
    } else {
      throw unsupported(node, "its indices are not in the file")
    }
    if TensorShape(gathered) == self.shape(node.output) {
      try emit(kind, inputs, node)
    } else {
      let helper = try emitHelper(kind, inputs, shape: TensorShape(gathered), suffix: "gather", node)
      try emitView(of: helper, node)
    }
  }

  /// Every index up to this is a float32.
  private static let largestIndex = 1 << 24

  // MARK: Resizing

  mutating func resize(_ node: ExecutionNode) throws(ONNXError) {
    let attributes = node.attributes
    let (image, result) = (try shape(name(node, 0)), shape(node.output))
    guard image.rank == 4, result.rank == 4, image.dimensions[..<2] == result.dimensions[..<2] else {
      throw unsupported(node, "only the height and width of images N×C×H×W are resized")
    }
    guard attributes.integer("antialias", default: 0) == 0, !attributes.has("axes"),
      attributes.string("keep_aspect_ratio_policy") ?? "stretch" == "stretch"
    else { throw unsupported(node, "antialiasing, axes and aspect ratios have no kernel") }
    // Before operator set 11 there is one way only.
    let isOld = node.type == "Upsample" || opset < 11
    let coordinates = attributes.string("coordinate_transformation_mode") ?? "half_pixel"
    let rounding = attributes.string("nearest_mode") ?? "round_prefer_floor"
    let mode = attributes.string("mode") ?? "nearest"
    guard mode == "nearest" || mode == "linear" || (isOld && mode == "bilinear"),
      let coordinates = isOld ? .asymmetric : Resampling.Coordinates(rawValue: coordinates),
      let rounding = isOld ? .floor : Resampling.Rounding(rawValue: rounding)
    else { throw unsupported(node, "mode '\(mode.quoted)' with '\(coordinates.quoted)' has no kernel") }
    var scales = [Float(result[2]) / Float(max(image[2], 1)), Float(result[3]) / Float(max(image[3], 1))]
    if let name = node.input(isOld ? 1 : 2), shape(name).elementCount > 0 {
      guard case .values(let found) = stored.floats(name), found.count == 4, found[0] == 1, found[1] == 1
      else {
        throw unsupported(node, "its scales are not in the file, or not 1 for the first two axes")
      }
      scales = Array(found[2...])
    }
    try emit(
      .resize(
        Resampling(
          mode: mode == "nearest" ? .nearest(rounding) : .linear, coordinates: coordinates,
          size: Size2D(height: result[2], width: result[3]), rowScale: scales[0], columnScale: scales[1])),
      [activation(node, 0)], node)
  }
}

/// A part of a tensor.
struct Cut {
  var starts: [Int]
  var extents: [Int]
  var steps: [Int]

  init(whole shape: TensorShape) {
    starts = [Int](repeating: 0, count: shape.rank)
    extents = shape.dimensions
    steps = [Int](repeating: 1, count: shape.rank)
  }

  var kind: OperatorKind { .slice(starts: starts, extents: extents, steps: steps) }
}

extension ExecutionImporter {
  /// Emits a part of a tensor as one of the node's results.
  fileprivate mutating func emit(
    _ cut: Cut, of x: TensorID, _ node: ExecutionNode, output: Int = 0
  ) throws(ONNXError) {
    let isWhole = cut.extents == tensors[x.index].shape.dimensions
    try emit(isWhole ? .identity : cut.kind, [x], node, output: output)
  }
}
