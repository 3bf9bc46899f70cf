import ComputationGraph

/// What an operator's rule says about the shape of its first output.
enum ImpliedShape {
  /// No rule is known here, or it needs more than shapes.
  case unknown
  /// One of these; more than one where versions of the operator differ.
  case shapes([TensorShape])
  /// Any shape with as many elements as this one.
  case rearranged(TensorShape)
}

/// How a node breaks its operator's rule.
enum NodeFault: Error {
  case attribute(String, reason: String)
  case inputs(reason: String)
}

/// The rules of operators whose output shape follows from the shapes of what they read and from attributes.
enum ShapeRules {
  /// Arithmetic on extents up to this cannot overflow; larger ones are left to the file.
  static let largestExtent = 1 << 40

  private static let sameShape: Set<String> = [
    "Relu", "LeakyRelu", "Elu", "Selu", "Celu", "Clip", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh",
    "Softplus", "Softsign", "Mish", "Gelu", "Erf", "Exp", "Log", "Sqrt", "Reciprocal", "Neg", "Abs", "Floor",
    "Ceil", "Round", "Identity", "Dropout", "BatchNormalization", "InstanceNormalization",
    "LayerNormalization", "GroupNormalization", "LRN", "Softmax", "LogSoftmax",
  ]
  /// Like ``sameShape``, but the element type may change.
  private static let sameShapeOfOtherType: Set<String> = ["Cast", "QuantizeLinear", "DequantizeLinear"]
  private static let broadcasting: Set<String> = [
    "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum", "Mean",
  ]

  /// Whether the first output has the element type of the first input, for every operator that has a rule.
  static func keepsElementType(_ type: String) -> Bool { !sameShapeOfOtherType.contains(type) }

  /// The shape of the node's first output.
  ///
  /// - Parameter inputs: shapes by input position, nil for optional inputs that are left out. Extents are between
  ///   1 and ``largestExtent``.
  /// - Throws: ``NodeFault`` if inputs or attributes break the operator's rule.
  static func outputShape(of node: Onnx_NodeProto, inputs: [TensorShape?]) throws(NodeFault) -> ImpliedShape {
    guard let x = inputs.first ?? nil else { return .unknown }
    let second = inputs.count > 1 ? inputs[1] : nil
    let attributes = NodeAttributes(node)
    switch node.opType {
    case let type where sameShape.contains(type) || sameShapeOfOtherType.contains(type): return .shapes([x])
    case let type where broadcasting.contains(type):
      // The attribute belongs to versions of the operators that align axes in another way.
      return attributes.has("broadcast") ? .unknown : .shapes([try broadcast(inputs.compactMap { $0 })])
    case "PRelu":
      // Tools write one slope per channel without the trailing axes that broadcasting asks for.
      if let second, x.rank < 2 || second != [x[1]], try broadcast([x, second]) != x {
        throw .inputs(reason: "slopes of \(second) do not fit an input of \(x)")
      }
      return .shapes([x])
    case "Conv":
      guard let second else { return .unknown }
      return .shapes([try convolution(attributes, x, second, bias: inputs.count > 2 ? inputs[2] : nil)])
    case "MaxPool", "AveragePool": return .shapes(try pool(attributes, x))
    case "GlobalAveragePool", "GlobalMaxPool":
      guard x.rank >= 3 else { return .unknown }
      return .shapes([TensorShape(Array(x.dimensions[..<2]) + x.dimensions[2...].map { _ in 1 })])
    case "Concat":
      guard attributes.has("axis") else { return .unknown }
      return .shapes([try concatenated(inputs.compactMap { $0 }, attributes)])
    case "Reshape", "Squeeze", "Unsqueeze": return .rearranged(x)
    case "Flatten": return try flattened(x, attributes)
    case "Gemm":
      guard let second else { return .unknown }
      return .shapes([try product(attributes, x, second, addend: inputs.count > 2 ? inputs[2] : nil)])
    case "MatMul":
      guard let second else { return .unknown }
      return .shapes([try matrixProduct(x, second)])
    case "Transpose":
      let axes = attributes.integers("perm") ?? Array((0..<x.rank).reversed())
      guard axes.sorted() == Array(0..<x.rank) else {
        throw .attribute("perm", reason: "is \(text(axes)), which does not name each axis of \(x) once")
      }
      return .shapes([TensorShape(axes.map { x[$0] })])
    default: return .unknown
    }
  }

  // MARK: Arithmetic

  /// NumPy's rule: align at the last axis, an extent of one stretches.
  private static func broadcast(_ shapes: [TensorShape]) throws(NodeFault) -> TensorShape {
    var result = shapes[0]
    for other in shapes.dropFirst() {
      let rank = max(result.rank, other.rank)
      let left = [Int](repeating: 1, count: rank - result.rank) + result.dimensions
      let right = [Int](repeating: 1, count: rank - other.rank) + other.dimensions
      guard zip(left, right).allSatisfy({ $0 == $1 || $0 == 1 || $1 == 1 }) else {
        throw .inputs(reason: "shapes \(result) and \(other) cannot be broadcast to one")
      }
      result = TensorShape(zip(left, right).map { max($0, $1) })
    }
    return result
  }

  private static func concatenated(_ inputs: [TensorShape], _ attributes: NodeAttributes) throws(NodeFault)
    -> TensorShape
  {
    let x = inputs[0]
    let given = attributes.integer("axis", default: 0)
    guard (-x.rank..<x.rank).contains(given) else {
      throw .attribute("axis", reason: "is \(given), but the inputs have \(x.rank) axes")
    }
    let axis = given < 0 ? given + x.rank : given
    for other in inputs {
      guard other.rank == x.rank, (0..<x.rank).allSatisfy({ $0 == axis || other[$0] == x[$0] }) else {
        throw .inputs(reason: "shapes \(x) and \(other) cannot be concatenated along axis \(axis)")
      }
    }
    var dimensions = x.dimensions
    // Extents of at most 2^40: more inputs than fit any memory would be needed to overflow.
    dimensions[axis] = inputs.reduce(0) { $0 + $1[axis] }
    return TensorShape(dimensions)
  }

  private static func flattened(_ x: TensorShape, _ attributes: NodeAttributes) throws(NodeFault)
    -> ImpliedShape
  {
    let given = attributes.integer("axis", default: 1)
    guard (-x.rank...x.rank).contains(given) else {
      throw .attribute("axis", reason: "is \(given), but the input has \(x.rank) axes")
    }
    let axis = given < 0 ? given + x.rank : given
    guard let rows = TensorShape(Array(x.dimensions[..<axis])).checkedElementCount,
      let columns = TensorShape(Array(x.dimensions[axis...])).checkedElementCount
    else { return .unknown }
    return .shapes([[rows, columns]])
  }

  private static func product(
    _ attributes: NodeAttributes, _ a: TensorShape, _ b: TensorShape, addend: TensorShape?
  ) throws(NodeFault) -> TensorShape {
    guard a.rank == 2, b.rank == 2 else { throw .inputs(reason: "\(a) and \(b) are not two matrices") }
    let (rows, inner) = attributes.integer("transA", default: 0) == 0 ? (a[0], a[1]) : (a[1], a[0])
    let (depth, columns) = attributes.integer("transB", default: 0) == 0 ? (b[0], b[1]) : (b[1], b[0])
    guard inner == depth else { throw .inputs(reason: "matrices of \(a) and \(b) cannot be multiplied") }
    let result: TensorShape = [rows, columns]
    if let addend, try broadcast([result, addend]) != result {
      throw .inputs(reason: "an addend of \(addend) does not fit a product of \(result)")
    }
    return result
  }

  private static func matrixProduct(_ a: TensorShape, _ b: TensorShape) throws(NodeFault) -> TensorShape {
    guard a.rank >= 1, b.rank >= 1, a[a.rank - 1] == (b.rank == 1 ? b[0] : b[b.rank - 2]) else {
      throw .inputs(reason: "matrices of \(a) and \(b) cannot be multiplied")
    }
    let batch = try broadcast([
      TensorShape(Array(a.dimensions.dropLast(2))), TensorShape(Array(b.dimensions.dropLast(2))),
    ])
    // A vector is a matrix of one row on the left, of one column on the right; that axis is dropped again.
    return TensorShape(
      batch.dimensions + (a.rank == 1 ? [] : [a[a.rank - 2]]) + (b.rank == 1 ? [] : [b[b.rank - 1]]))
  }
}
