import ComputationGraph

/// Functions of each element, normalisation and means over axes, products of matrices.
extension ExecutionImporter {
  mutating func function(_ node: ExecutionNode) throws(ONNXError) {
    let attributes = node.attributes
    let function: ElementwiseFunction
    switch node.type {
    case "Sigmoid": function = .sigmoid
    case "HardSwish": function = .hardSwish
    case "Erf": function = .erf
    case "LeakyRelu": function = .leakyRelu(slope: attributes.float("alpha", default: 0.01))
    case "HardSigmoid":
      function = .hardSigmoid(
        slope: attributes.float("alpha", default: 0.2), offset: attributes.float("beta", default: 0.5))
    default:
      guard attributes.string("approximate") ?? "none" == "none" else {
        throw unsupported(node, "only the exact function has a kernel")
      }
      function = .gelu
    }
    try emit(.elementwise(function), [activation(node, 0)], node)
  }

  mutating func clip(_ node: ExecutionNode) throws(ONNXError) {
    func limit(_ attribute: String, _ index: Int, default fallback: Float) throws(ONNXError) -> Float {
      guard let name = node.input(index) else { return node.attributes.float(attribute, default: fallback) }
      guard isWeight(name), case .values(let values) = stored.floats(name), let value = values.first,
        !value.isNaN
      else { throw unsupported(node, "its limits are not in the file") }
      return value.magnitude >= .greatestFiniteMagnitude ? (value < 0 ? -.infinity : .infinity) : value
    }
    let minimum = try limit("min", 1, default: -.infinity)
    let maximum = try limit("max", 2, default: .infinity)
    let function = ElementwiseFunction.clip(minimum: minimum, maximum: maximum)
    try emit(function.activation == .relu ? .relu : .elementwise(function), [activation(node, 0)], node)
  }

  mutating func softmax(_ node: ExecutionNode) throws(ONNXError) {
    let x = try activation(node, 0)
    let shape = tensors[x.index].shape
    let axis = try axis(node, default: opset < 13 ? 1 : -1, rank: shape.rank)
    guard opset >= 13 || shape.dimensions[(axis + 1)...].allSatisfy({ $0 == 1 }) else {
      throw unsupported(node, "before operator set 13 it is over all axes from \(axis) on")
    }
    try emit(.softmax(axis: axis), [x], node)
  }

  mutating func layerNormalization(_ node: ExecutionNode) throws(ONNXError) {
    let x = try activation(node, 0)
    let shape = tensors[x.index].shape
    let axis = try axis(node, default: -1, rank: shape.rank)
    let normalised = TensorShape(Array(shape.dimensions[axis...]))
    var inputs = [x]
    for (index, suffix) in [(1, "scale"), (2, "shift")] where index == 1 || node.input(index) != nil {
      let name = try weightName(node, index)
      guard self.shape(name) == normalised else {
        throw unsupported(node, "its \(suffix) is \(self.shape(name)), but it normalises \(normalised)")
      }
      inputs.append(try addWeight(suffix, shape: normalised, from: name, node))
    }
    let epsilon = node.attributes.float("epsilon", default: 1e-5)
    try emit(.layerNormalization(axis: axis, epsilon: epsilon), inputs, node)
  }

  mutating func mean(_ node: ExecutionNode) throws(ONNXError) {
    let shape = try shape(name(node, 0))
    var axes =
      node.input(1) != nil ? stored.integers(try weightName(node, 1)) : node.attributes.integers("axes")
    if axes == nil, node.input(1) == nil, node.attributes.integer("noop_with_empty_axes", default: 0) == 0 {
      axes = Array(0..<shape.rank)
    }
    let reduced = Set((axes ?? []).map { $0 < 0 ? $0 + shape.rank : $0 })
    guard let first = reduced.min(), let last = reduced.max(), first >= 0, last < shape.rank,
      reduced.count == last - first + 1
    else { throw unsupported(node, "only means over neighbouring axes that the file names are computed") }
    let kind =
      shape.rank == 4 && reduced == [2, 3]
      ? OperatorKind.globalAveragePool : .mean(axes: first..<last + 1)
    let x = try activation(node, 0)
    if node.attributes.integer("keepdims", default: 1) != 0 {
      try emit(kind, [x], node)
    } else {
      let means = TensorShape(shape.dimensions.enumerated().map { reduced.contains($0) ? 1 : $1 })
      let helper = try emitHelper(kind, [x], shape: means, suffix: "mean", node)
      try emitView(of: helper, node)
    }
  }

  mutating func matrixProduct(_ node: ExecutionNode) throws(ONNXError) {
    let (a, b) = (shape(try name(node, 0)), shape(try name(node, 1)))
    if a.rank == 2, b.rank == 2, isWeight(try name(node, 1)), !isWeight(try name(node, 0)) {
      let matrix = try addMatrix(try name(node, 1), isTransposed: false, factor: 1, node)
      try emit(.fullyConnected, [activation(node, 0), matrix], node)
      return
    }
    guard a.rank >= 2, b.rank >= 2 else {
      throw unsupported(node, "it multiplies \(a) by \(b); only matrices are multiplied")
    }
    try emit(.matrixProduct, operands(node), node)
  }

  /// The inputs of a node, constants as weights; one at least is computed.
  mutating func operands(_ node: ExecutionNode) throws(ONNXError) -> [TensorID] {
    guard !node.proto.input.allSatisfy(isWeight) else {
      throw unsupported(node, "it reads constants only, where kernels read what was computed")
    }
    var result: [TensorID] = []
    for index in node.proto.input.indices {
      let name = try name(node, index)
      if isWeight(name) {
        result.append(try addWeight("constant", shape: shape(name), from: name, node))
      } else {
        result.append(try activation(node, index))
      }
    }
    return result
  }

  /// The axis that a node names, counted from the first.
  func axis(_ node: ExecutionNode, default fallback: Int, rank: Int) throws(ONNXError) -> Int {
    let axis = node.attributes.integer("axis", default: fallback)
    guard axis >= -rank, axis < rank else { throw unsupported(node, "there is no axis \(axis)") }
    return axis < 0 ? axis + rank : axis
  }
}
