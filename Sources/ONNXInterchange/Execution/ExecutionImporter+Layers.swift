import ComputationGraph

/// Normalisation, arithmetic and fully connected layers.
extension ExecutionImporter {
  mutating func batchNormalization(_ node: ExecutionNode) throws(ONNXError) {
    if node.attributes.integer("training_mode", default: 0) != 0 {
      throw unsupported(node, "it normalises by the batch, as in training")
    }
    let x = try activation(node, 0)
    guard tensors[x.index].shape.rank >= 2, node.attributes.integer("spatial", default: 1) != 0 else {
      throw unsupported(node, "it does not normalise by channel")
    }
    var inputs = [x]
    for (index, suffix) in ["scale", "shift", "mean", "variance"].enumerated() {
      let name = try weightName(node, index + 1)
      inputs.append(try addWeight(suffix, shape: shape(name), from: name, node))
    }
    let epsilon = node.attributes.float("epsilon", default: 1e-5)
    try emit(.batchNormalization(epsilon: epsilon, activation: .none), inputs, node)
  }

  mutating func concatenation(_ node: ExecutionNode) throws(ONNXError) {
    let axis = node.attributes.integer("axis", default: 1)
    try emit(.concat(axis: axis < 0 ? axis + shape(node.output).rank : axis), operands(node), node)
  }

  // MARK: Arithmetic

  mutating func arithmetic(_ node: ExecutionNode) throws(ONNXError) {
    let names = node.proto.input
    if names.count == 2, names.contains(where: isWeight), !names.allSatisfy(isWeight) {
      let constant = isWeight(names[0]) ? 0 : 1
      if node.type == "Add" || node.type == "Sum",
        try addBias(names[constant], to: names[1 - constant], node)
      {
        return
      }
      if try isFoldable(node, constant: constant) {
        try affine(node, constant: constant)
        return
      }
    }
    let isSum = node.type == "Add" || node.type == "Sum"
    if isSum, names.allSatisfy({ shape($0) == shape(node.output) && !isWeight($0) }) {
      let inputs = try operands(node)
      try emit(inputs.count == 1 ? .identity : .add(activation: .none), inputs, node)
      return
    }
    guard names.count == 2, !node.attributes.has("broadcast") else {
      throw unsupported(node, "inputs of several shapes are taken two at a time, aligned at the last axis")
    }
    let function: ArithmeticFunction =
      switch node.type {
      case "Mul": .multiply
      case "Div": .divide
      case "Sub": .subtract
      default: .add
      }
    try emit(.arithmetic(function), operands(node), node)
  }

  /// Whether arithmetic with a constant is with one value per channel and follows a convolution, which can do it.
  private mutating func isFoldable(_ node: ExecutionNode, constant: Int) throws(ONNXError) -> Bool {
    let (x, name) = (try activation(node, 1 - constant), node.proto.input[constant])
    let image = tensors[x.index].shape
    guard image.rank == 4, image == shape(node.output), hasOneValuePerChannel(name, of: image),
      node.type != "Div" || constant == 1,
      let producer = operators.last(where: { $0.outputs == [x] }), case .convolution = producer.kind
    else { return false }
    return true
  }

  /// Arithmetic with a constant as a batch norm, which may then be folded into the convolution before it.
  ///
  /// - Precondition: ``isFoldable(_:constant:)``.
  private mutating func affine(_ node: ExecutionNode, constant: Int) throws(ONNXError) {
    let (x, name) = (try activation(node, 1 - constant), node.proto.input[constant])
    let channels = tensors[x.index].shape[1]
    func vector(_ suffix: String, _ value: Float) throws(ONNXError) -> TensorID {
      try addWeight(suffix, shape: [channels], node) { _ in value }
    }
    func stored(_ suffix: String, _ convert: @escaping (Float) -> Float) throws(ONNXError) -> TensorID {
      guard let id = try channelWeight(suffix, name, channels: channels, node, convert) else {
        throw unsupported(node, "it is computed with one constant per channel only")
      }
      return id
    }
    let scale: TensorID
    let shift: TensorID
    switch node.type {
    case "Mul": (scale, shift) = (try stored("scale") { $0 }, try vector("shift", 0))
    case "Div": (scale, shift) = (try stored("scale") { 1 / $0 }, try vector("shift", 0))
    case "Sub" where constant == 1: (scale, shift) = (try vector("scale", 1), try stored("shift") { -$0 })
    case "Sub": (scale, shift) = (try vector("scale", -1), try stored("shift") { $0 })
    default: (scale, shift) = (try vector("scale", 1), try stored("shift") { $0 })
    }
    try emit(
      .batchNormalization(epsilon: 0, activation: .none),
      [x, scale, shift, try vector("mean", 0), try vector("variance", 1)], node)
  }

  /// Whether broadcasting gives every channel of `image` one value of the constant.
  func hasOneValuePerChannel(_ name: String, of image: TensorShape) -> Bool {
    let extents = shape(name).dimensions
    guard extents.count <= image.rank else { return false }
    let first = image.rank - extents.count
    return extents.indices.allSatisfy {
      extents[$0] == 1 || ($0 + first == 1 && extents[$0] == image[1])
    }
  }

  /// Adds a vector of one value per channel, from a constant of one value or of one per channel; nil if it has
  /// another number of them.
  mutating func channelWeight(
    _ suffix: String, _ name: String, channels: Int, _ node: ExecutionNode, _ convert: (Float) -> Float
  ) throws(ONNXError) -> TensorID? {
    let count = shape(name).elementCount
    guard count == channels || count == 1 else { return nil }
    try checkSize([channels], node)
    return try addWeight(suffix, shape: [channels], from: name, node) { values in
      count == channels
        ? values.map(convert) : [Float](repeating: convert(values[0]), count: channels)
    }
  }

  // MARK: Fully connected

  mutating func gemm(_ node: ExecutionNode) throws(ONNXError) {
    let attributes = node.attributes
    let weight = try weightName(node, 1)
    guard attributes.integer("transA", default: 0) == 0 else {
      throw unsupported(node, "its first input is transposed, which no kernel does")
    }
    var inputs = [try activation(node, 0)]
    inputs.append(
      try addMatrix(
        weight, isTransposed: attributes.integer("transB", default: 0) != 0,
        factor: attributes.float("alpha", default: 1), node))
    if node.input(2) != nil {
      let bias = try weightName(node, 2)
      let beta = attributes.float("beta", default: 1)
      let columns = shape(node.output).rank == 2 ? shape(node.output)[1] : 0
      let extents = shape(bias).dimensions
      guard extents.count < 2 || extents[0] == 1,
        let vector = try channelWeight("bias", bias, channels: columns, node, { beta * $0 })
      else { throw unsupported(node, "its addend of \(shape(bias)) is not one value per column") }
      inputs.append(vector)
    }
    try emit(.fullyConnected, inputs, node)
  }

  /// Adds a weight of [inputs, outputs], or of the contrary where it is transposed, as [outputs, inputs].
  mutating func addMatrix(
    _ name: String, isTransposed: Bool, factor: Float, _ node: ExecutionNode
  ) throws(ONNXError) -> TensorID {
    let stored = shape(name)
    guard stored.rank == 2 else { throw unsupported(node, "its weight of \(stored) is no matrix") }
    if isTransposed {
      return try addWeight("weight", shape: stored, from: name, node) { values in
        factor == 1 ? values : values.map { factor * $0 }
      }
    }
    let (rows, columns) = (stored[0], stored[1])
    return try addWeight("weight", shape: [columns, rows], from: name, node) { values in
      [Float](unsafeUninitializedCapacity: values.count) { result, count in
        for column in 0..<columns {
          for row in 0..<rows { result[column * rows + row] = factor * values[row * columns + column] }
        }
        count = values.count
      }
    }
  }
}
