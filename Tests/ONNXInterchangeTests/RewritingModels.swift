import Foundation
import Foundations
import ONNXInterchange

/// Random networks with weights, made to be rewritten: Concats in Concats, what may stand between them and
/// convolutions, several readers, shared weights, and every form in which a file stores weights.
struct RewritingModel {
  struct Value {
    let name: String
    let dims: [Int64]
  }

  private(set) var proto = Onnx_ModelProto()
  /// Whether some weight is read by several nodes.
  private(set) var sharesWeights = false
  private let opset: Int64
  private var values: [Value] = []
  private var read: Set<String> = []
  private var weightsByShape: [[Int64]: [String]] = [:]
  private var nextName = 0

  static func random(steps: Int, using generator: inout SeededGenerator) -> RewritingModel {
    var model = RewritingModel(opset: [9, 11, 13, 17].randomElement(using: &generator)!)
    let image = Value(name: "image", dims: [1, 4, 7, 6])
    model.proto.graph.input = [SampleModel.value(image.name, image.dims, .float)]
    model.values = [image]
    for _ in 0..<3 { model.convolve(image, using: &generator) }
    for _ in 0..<steps { model.step(using: &generator) }
    model.finish(using: &generator)
    return model
  }

  private init(opset: Int64) {
    self.opset = opset
    proto.irVersion = opset == 9 ? 3 : 8
    var operators = Onnx_OperatorSetIdProto()
    operators.version = opset
    proto.opsetImport = [operators]
    proto.graph.name = "random"
  }

  // MARK: Steps

  private mutating func step(using generator: inout SeededGenerator) {
    let x = values.suffix(5).randomElement(using: &generator)!
    switch Int.random(in: 0..<20, using: &generator) {
    case 0..<6: concatenate(using: &generator)
    case 6..<10: convolve(x, using: &generator)
    case 10..<13: activate(x, using: &generator)
    case 13: normalise(x, using: &generator)
    case 14: scale(x, using: &generator)
    case 15: pool(x, using: &generator)
    case 16: shift(x, using: &generator)
    case 17: add(x, using: &generator)
    case 18: multiply(x, using: &generator)
    default:
      node("GlobalAveragePool", [x.name], [x.dims[0], x.dims[1], 1, 1])
    }
  }

  private mutating func concatenate(using generator: inout SeededGenerator) {
    let x = values.suffix(4).randomElement(using: &generator)!
    let fitting = values.filter { $0.dims[2...] == x.dims[2...] && $0.dims[1] <= 24 }
    guard !fitting.isEmpty else { return }
    let inputs = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
      fitting.suffix(6).randomElement(using: &generator)!
    }
    let channels = inputs.reduce(0) { $0 + $1.dims[1] }
    node("Concat", inputs.map(\.name), [1, channels] + x.dims[2...]) {
      $0.attribute.append(.integer("axis", Bool.random(using: &generator) ? 1 : -3))
    }
  }

  private mutating func convolve(_ x: Value, using generator: inout SeededGenerator) {
    let channels = x.dims[1]
    let groups = (1...channels).filter { channels % $0 == 0 }
    let group =
      Bool.random(using: &generator)
      ? 1 : [groups.randomElement(using: &generator)!, channels].randomElement(using: &generator)!
    let multiplier = Int64.random(in: 1...max(1, min(3, 12 / group)), using: &generator)
    let kernel = (0..<2).map { _ in Int64.random(in: 1...3, using: &generator) }
    // ONNX Runtime has no dilation where padding is automatic.
    let same = Int.random(in: 0..<5, using: &generator) == 0
    let dilations = (0..<2).map { _ in same ? 1 : Int64.random(in: 1...2, using: &generator) }
    let strides = (0..<2).map { _ in Int64([1, 1, 1, 2].randomElement(using: &generator)!) }
    let reach: [Int64] = (0..<2).map { dilations[$0] * (kernel[$0] - 1) }
    let pads: [Int64] = (0..<4).map { Int64.random(in: 0...reach[$0 % 2], using: &generator) }
    var extents: [Int64] = []
    for axis in 0..<2 {
      let (extent, stride) = (x.dims[axis + 2], strides[axis])
      let room = extent + pads[axis] + pads[axis + 2] - reach[axis] - 1
      if !same, room < 0 { return }
      extents.append(same ? (extent + stride - 1) / stride : room / stride + 1)
    }
    let fanIn = Float(channels / group * kernel[0] * kernel[1])
    var inputs = [
      x.name,
      weight(
        [group * multiplier, channels / group] + kernel, scale: 1 / fanIn.squareRoot(), using: &generator),
    ]
    if Bool.random(using: &generator) {
      inputs.append(weight([group * multiplier], scale: 0.5, using: &generator))
    }
    node("Conv", inputs, [1, group * multiplier] + extents) {
      $0.attribute = [.integers("strides", strides), .integers("dilations", dilations)]
      if group > 1 || Bool.random(using: &generator) { $0.attribute.append(.integer("group", group)) }
      if Bool.random(using: &generator) { $0.attribute.append(.integers("kernel_shape", kernel)) }
      $0.attribute.append(same ? .string("auto_pad", "SAME_UPPER") : .integers("pads", pads))
    }
  }

  private mutating func activate(_ x: Value, using generator: inout SeededGenerator) {
    var types = ["Relu", "Relu", "LeakyRelu", "Sigmoid", "Tanh", "Clip", "Identity", "Dropout", "Elu"]
    if opset >= 14 { types.append("HardSwish") }
    let type = types.randomElement(using: &generator)!
    if type == "Clip", opset >= 11 {
      let low = values([-0.5], dims: [], constant: true)
      let high = values([1.5], dims: [], constant: false)
      node("Clip", [x.name, low, high], x.dims)
    } else {
      node(type, [x.name], x.dims) { if type == "Clip" { $0.attribute = [.float("max", 1.5)] } }
    }
  }

  private mutating func normalise(_ x: Value, using generator: inout SeededGenerator) {
    let channels = [x.dims[1]]
    var inputs = [x.name]
    for _ in 0..<3 { inputs.append(weight(channels, scale: 0.5, using: &generator)) }
    if Bool.random(using: &generator), x.dims[2] * x.dims[3] > 4 {
      node("InstanceNormalization", Array(inputs.prefix(3)), x.dims)
    } else {
      let variance = (0..<Int(channels[0])).map { _ in Float.random(in: 0.5..<2, using: &generator) }
      inputs.append(values(variance, dims: channels, constant: Bool.random(using: &generator)))
      node("BatchNormalization", inputs, x.dims)
    }
  }

  private mutating func scale(_ x: Value, using generator: inout SeededGenerator) {
    let channels = x.dims[1]
    let dims = [[channels, 1, 1], [1, channels, 1, 1], [], [1, 1, x.dims[3]]].randomElement(
      using: &generator)!
    let factor = weight(dims, scale: 1, using: &generator)
    let type = ["Mul", "Add", "Sub", "PRelu"].randomElement(using: &generator)!
    let swapped = type != "PRelu" && Bool.random(using: &generator)
    node(type, swapped ? [factor, x.name] : [x.name, factor], x.dims)
  }

  private mutating func pool(_ x: Value, using generator: inout SeededGenerator) {
    guard x.dims[2] >= 2, x.dims[3] >= 2 else { return }
    let stride = Int64.random(in: 1...2, using: &generator)
    let isMax = Bool.random(using: &generator)
    node(
      isMax ? "MaxPool" : "AveragePool", [x.name],
      Array(x.dims[..<2]) + x.dims[2...].map { ($0 + 2 - 3) / stride + 1 }
    ) {
      $0.attribute = [
        .integers("kernel_shape", [3, 3]), .integers("strides", [stride, stride]),
        .integers("pads", [1, 1, 1, 1]),
      ]
      if !isMax, Bool.random(using: &generator) { $0.attribute.append(.integer("count_include_pad", 1)) }
    }
  }

  /// Pads or crops the image.
  private mutating func shift(_ x: Value, using generator: inout SeededGenerator) {
    if Bool.random(using: &generator) {
      let pads: [Int64] = [0, 0, 1, 0, 0, 0, 0, 1]
      let dims = [x.dims[0], x.dims[1], x.dims[2] + 1, x.dims[3] + 1]
      if opset < 11 {
        node("Pad", [x.name], dims) { $0.attribute = [.integers("pads", pads)] }
      } else {
        node("Pad", [x.name, integers(pads, using: &generator)], dims)
      }
    } else if x.dims[2] >= 3 {
      let dims = [x.dims[0], x.dims[1], x.dims[2] - 1, x.dims[3]]
      if opset < 10 {
        node("Slice", [x.name], dims) {
          $0.attribute = [.integers("starts", [1]), .integers("ends", [1 << 40]), .integers("axes", [2])]
        }
      } else if Bool.random(using: &generator) {
        let lists = [[1], [1 << 40], [2]].map { integers($0, using: &generator) }
        node("Slice", [x.name] + lists, dims)
      } else {
        let lists = [[0, -x.dims[2] + 1], [x.dims[1], 1 << 40], [1, -2], [1, 1]].map {
          integers($0, using: &generator)
        }
        node("Slice", [x.name] + lists, dims)
      }
    }
  }

  private mutating func add(_ x: Value, using generator: inout SeededGenerator) {
    let same = values.filter { $0.dims == x.dims }
    node("Add", [x.name, same.randomElement(using: &generator)!.name], x.dims)
  }

  /// A matrix product over the concatenated last axis.
  private mutating func multiply(_ x: Value, using generator: inout SeededGenerator) {
    guard x.dims[3] < 12 else { return }
    node("Concat", [x.name, x.name], [1, x.dims[1], x.dims[2], 2 * x.dims[3]]) {
      $0.attribute = [.integer("axis", 3)]
    }
    let wide = values.last!
    let matrix = weight([wide.dims[3], 3], scale: 0.3, using: &generator)
    node("MatMul", [wide.name, matrix], [1, x.dims[1], x.dims[2], 3])
  }

  /// Everything that nobody reads is an output, and something that somebody reads too.
  private mutating func finish(using generator: inout SeededGenerator) {
    var outputs = values.filter { !read.contains($0.name) }
    if let more = values.dropFirst().randomElement(using: &generator), read.contains(more.name) {
      outputs.append(more)
    }
    proto.graph.output = outputs.map { SampleModel.value($0.name, $0.dims, .float) }
    let names = Set(outputs.map(\.name))
    proto.graph.valueInfo = values.dropFirst().filter { !names.contains($0.name) }.map {
      SampleModel.value($0.name, $0.dims, .float)
    }
  }

  // MARK: Parts of the file

  private mutating func node(
    _ type: String, _ inputs: [String], _ dims: [Int64], _ change: (inout Onnx_NodeProto) -> Void = { _ in }
  ) {
    var node = Onnx_NodeProto()
    node.opType = type
    node.input = inputs
    nextName += 1
    node.output = ["t\(nextName)"]
    // Some nodes have no name.
    if nextName % 5 != 0 { node.name = "\(type.lowercased()).\(nextName)" }
    change(&node)
    proto.graph.node.append(node)
    read.formUnion(inputs)
    values.append(Value(name: node.output[0], dims: dims))
  }

  private mutating func weight(_ dims: [Int64], scale: Float, using generator: inout SeededGenerator)
    -> String
  {
    if let known = weightsByShape[dims]?.randomElement(using: &generator),
      Int.random(in: 0..<8, using: &generator) == 0
    {
      sharesWeights = true
      return known
    }
    let numbers = (0..<Int(dims.reduce(1, *))).map { _ in Float(generator.nextNormal()) * scale }
    let name = values(numbers, dims: dims, constant: Int.random(in: 0..<4, using: &generator) == 0)
    weightsByShape[dims, default: []].append(name)
    return name
  }

  private mutating func values(_ numbers: [Float], dims: [Int64], constant: Bool) -> String {
    var tensor = Onnx_TensorProto()
    tensor.dims = dims
    tensor.dataType = Int32(Onnx_TensorProto.DataType.float.rawValue)
    nextName += 1
    if nextName % 3 == 0 {
      tensor.floatData = numbers
    } else {
      tensor.rawData = numbers.withUnsafeBytes { Data($0) }
    }
    return store(tensor, constant: constant)
  }

  private mutating func integers(_ numbers: [Int64], using generator: inout SeededGenerator) -> String {
    var tensor = Onnx_TensorProto()
    tensor.dims = [Int64(numbers.count)]
    tensor.dataType = Int32(Onnx_TensorProto.DataType.int64.rawValue)
    if Bool.random(using: &generator) {
      tensor.int64Data = numbers
    } else {
      tensor.rawData = numbers.withUnsafeBytes { Data($0) }
    }
    nextName += 1
    return store(tensor, constant: Bool.random(using: &generator))
  }

  private mutating func store(_ tensor: Onnx_TensorProto, constant: Bool) -> String {
    let name = "w\(nextName)"
    var tensor = tensor
    if constant {
      var node = Onnx_NodeProto()
      node.opType = "Constant"
      node.output = [name]
      var attribute = Onnx_AttributeProto()
      attribute.name = "value"
      attribute.type = .tensor
      attribute.t = tensor
      node.attribute = [attribute]
      proto.graph.node.append(node)
    } else {
      tensor.name = name
      proto.graph.initializer.append(tensor)
      if proto.irVersion < 4 {
        let type = Onnx_TensorProto.DataType(rawValue: Int(tensor.dataType))!
        proto.graph.input.append(SampleModel.value(name, tensor.dims, type))
      }
    }
    return name
  }
}

extension Onnx_AttributeProto {
  static func integer(_ name: String, _ value: Int64) -> Self {
    var attribute = Self()
    (attribute.name, attribute.type, attribute.i) = (name, .int, value)
    return attribute
  }

  static func integers(_ name: String, _ values: [Int64]) -> Self {
    var attribute = Self()
    (attribute.name, attribute.type, attribute.ints) = (name, .ints, values)
    return attribute
  }

  static func float(_ name: String, _ value: Float) -> Self {
    var attribute = Self()
    (attribute.name, attribute.type, attribute.f) = (name, .float, value)
    return attribute
  }

  static func string(_ name: String, _ value: String) -> Self {
    var attribute = Self()
    (attribute.name, attribute.type, attribute.s) = (name, .string, Data(value.utf8))
    return attribute
  }
}
