import ComputationGraph

/// Shapes that a file leaves out, for operators whose rule needs nothing but the shapes of what they read.
///
/// ONNX's own shape inference covers every operator; this covers those that convolutional networks are made of.
/// What cannot be inferred stays missing, and the importer's error names it.
extension SchedulingImporter {
  /// Declares the type of the node's first output if the file does not and the operator's rule is known.
  mutating func inferMissingTypes(of node: Onnx_NodeProto) {
    guard let output = node.output.first, !output.isEmpty, needsInference(output), node.domain.isEmpty,
      let first = node.input.first.flatMap(knownType(of:))
    else { return }
    let shapes = node.input.filter { !$0.isEmpty }.compactMap { knownType(of: $0)?.shape }
    guard shapes.count == node.input.count(where: { !$0.isEmpty }),
      shapes.allSatisfy({ $0.dimensions.allSatisfy { $0 <= Self.largestExtent } }),
      let shape = Self.outputShape(of: node, inputs: shapes), !shape.dimensions.contains(0)
    else { return }
    declared[output] = .known(ValueType(shape: shape, elementType: first.elementType))
  }

  private func needsInference(_ name: String) -> Bool {
    switch declared[name] {
    case nil, .missing?, .dynamic?: true
    default: false
    }
  }

  /// Arithmetic on extents up to this cannot overflow; larger ones are left to the file.
  private static let largestExtent = 1 << 40

  private static let sameShape: Set<String> = [
    "Relu", "LeakyRelu", "Elu", "Selu", "Celu", "Clip", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh",
    "Softplus",
    "Softsign", "Mish", "Gelu", "Erf", "Exp", "Log", "Sqrt", "Reciprocal", "Neg", "Abs", "Floor", "Ceil",
    "Round",
    "Identity", "Dropout", "BatchNormalization", "InstanceNormalization", "LayerNormalization",
    "GroupNormalization", "LRN", "Softmax", "LogSoftmax",
  ]
  private static let broadcasting: Set<String> = [
    "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum", "Mean", "PRelu",
  ]

  private static func outputShape(of node: Onnx_NodeProto, inputs: [TensorShape]) -> TensorShape? {
    let x = inputs[0]
    let attributes = NodeAttributes(node)
    switch node.opType {
    case let type where sameShape.contains(type): return x
    case let type where broadcasting.contains(type):
      return inputs.dropFirst().reduce(x) { shape, other in shape.flatMap { broadcast($0, other) } }
    case "Conv":
      guard x.rank == 4, inputs.count >= 2, inputs[1].rank == 4,
        let size = attributes.window(kernel: Array(inputs[1].dimensions[2...]))?.outputSize(
          height: x[2], width: x[3])
      else { return nil }
      return [x[0], inputs[1][0], size.height, size.width]
    case "MaxPool", "AveragePool":
      guard x.rank == 4, attributes.integer("ceil_mode", default: 0) == 0,
        let size = attributes.window(kernel: nil)?.outputSize(height: x[2], width: x[3])
      else { return nil }
      return [x[0], x[1], size.height, size.width]
    case "GlobalAveragePool", "GlobalMaxPool":
      return x.rank >= 3 ? TensorShape(Array(x.dimensions[..<2]) + x.dimensions[2...].map { _ in 1 }) : nil
    case "Concat": return concatenated(inputs, axis: attributes.integer("axis", default: 0))
    case "Flatten":
      guard let axis = normalized(attributes.integer("axis", default: 1), rank: x.rank + 1),
        let rows = TensorShape(Array(x.dimensions[..<axis])).checkedElementCount,
        let columns = TensorShape(Array(x.dimensions[axis...])).checkedElementCount
      else { return nil }
      return [rows, columns]
    case "Gemm":
      guard x.rank == 2, inputs.count >= 2, inputs[1].rank == 2 else { return nil }
      let rows = attributes.integer("transA", default: 0) == 0 ? x[0] : x[1]
      return [rows, attributes.integer("transB", default: 0) == 0 ? inputs[1][1] : inputs[1][0]]
    case "MatMul":
      guard inputs.count == 2, x.rank >= 2, inputs[1].rank >= 2,
        let batch = broadcast(
          TensorShape(Array(x.dimensions.dropLast(2))), TensorShape(Array(inputs[1].dimensions.dropLast(2))))
      else { return nil }
      return TensorShape(batch.dimensions + [x[x.rank - 2], inputs[1][inputs[1].rank - 1]])
    case "Transpose":
      let axes = attributes.integers("perm") ?? Array((0..<x.rank).reversed())
      return axes.sorted() == Array(0..<x.rank) ? TensorShape(axes.map { x[$0] }) : nil
    default: return nil
    }
  }

  private static func normalized(_ axis: Int, rank: Int) -> Int? {
    guard (-rank..<rank).contains(axis) else { return nil }
    return axis < 0 ? axis + rank : axis
  }

  /// NumPy's rule: align at the last axis, an extent of one stretches.
  private static func broadcast(_ a: TensorShape, _ b: TensorShape) -> TensorShape? {
    var result: [Int] = []
    for distance in 1...max(a.rank, b.rank, 1) where distance <= max(a.rank, b.rank) {
      let left = distance <= a.rank ? a[a.rank - distance] : 1
      let right = distance <= b.rank ? b[b.rank - distance] : 1
      guard left == right || left == 1 || right == 1 else { return nil }
      result.append(left == 1 ? right : left)
    }
    return TensorShape(result.reversed())
  }

  private static func concatenated(_ inputs: [TensorShape], axis: Int) -> TensorShape? {
    guard let axis = normalized(axis, rank: inputs[0].rank) else { return nil }
    return try? ShapeInference.outputShape(of: .concat(axis: axis), name: "", inputs: inputs)
  }
}

/// The attributes of a node, by name.
struct NodeAttributes {
  private let node: Onnx_NodeProto

  init(_ node: Onnx_NodeProto) { self.node = node }

  func integer(_ name: String, default fallback: Int) -> Int {
    node.attribute.first { $0.name == name }.map { Int($0.i) } ?? fallback
  }

  func integers(_ name: String) -> [Int]? {
    node.attribute.first { $0.name == name }.map { $0.ints.map(Int.init) }
  }

  /// The window of a two-dimensional convolution or pool with explicit padding, or nil where it is given in
  /// another way (`auto_pad`) or is damaged.
  func window(kernel weightKernel: [Int]?) -> Window2D? {
    let automatic = node.attribute.first { $0.name == "auto_pad" }.map {
      String(decoding: $0.s, as: UTF8.self)
    }
    guard ["NOTSET", "VALID"].contains(automatic ?? "NOTSET"),
      let kernel = integers("kernel_shape") ?? weightKernel, kernel.count == 2
    else { return nil }
    let strides = integers("strides") ?? [1, 1]
    let dilations = integers("dilations") ?? [1, 1]
    let pads = integers("pads") ?? [0, 0, 0, 0]
    // Far larger than any image, far smaller than what could overflow.
    guard strides.count == 2, dilations.count == 2, pads.count == 4,
      (kernel + strides + dilations + pads).allSatisfy({ (0...1 << 24).contains($0) })
    else { return nil }
    return Window2D(
      kernel: Size2D(height: kernel[0], width: kernel[1]),
      stride: Size2D(height: strides[0], width: strides[1]),
      padding: Padding2D(top: pads[0], left: pads[1], bottom: pads[2], right: pads[3]),
      dilation: Size2D(height: dilations[0], width: dilations[1]))
  }
}
