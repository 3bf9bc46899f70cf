import ComputationGraph

/// The ONNX nodes of a graph's operators in an order, fused activations and sums, and functions that ONNX has not, written out.
struct NodeExpansion {
  private(set) var nodes: [Onnx_NodeProto] = []
  /// The operator of each node.
  private(set) var owners: [OperatorID] = []
  /// Activations that only exist because something was written out.
  private(set) var addedTensors: [(name: String, shape: TensorShape)] = []
  /// Parameters of operators that ONNX takes as inputs.
  private(set) var constants: [Onnx_TensorProto] = []
  /// The operator set that the nodes are written in.
  let opset: Int

  private let graph: Graph
  private var nodeNames: NameSet
  private var tensorNames: NameSet

  init(graph: Graph, order: [OperatorID]) throws(ONNXError) {
    self.graph = graph
    opset = graph.operators.reduce(ONNXExporter.opset) { max($0, Self.opset(of: $1.kind)) }
    nodeNames = NameSet(reserved: graph.operators.map(\.name))
    tensorNames = NameSet(reserved: graph.tensors.map(\.name))
    if let tensor = graph.tensors.first(where: { $0.elementType != .float32 }) {
      throw .cannotExport(
        name: tensor.name, reason: "its type is \(tensor.elementType), only float32 is written")
    }
    if let output = graph.outputs.first(where: { graph[$0].role == .weight }) {
      throw .cannotExport(name: graph[output].name, reason: "a weight is no output")
    }
    try ONNXModel.check(order, of: graph)
    for id in order { try expand(id) }
  }

  /// The first operator set that has an operator of this kind.
  private static func opset(of kind: OperatorKind) -> Int {
    switch kind {
    case .averagePool(let window, _) where window.dilation != Size2D(1): ONNXExporter.dilatedPoolOpset
    case .elementwise(.gelu): ONNXExporter.geluOpset
    default: ONNXExporter.opset
    }
  }

  private mutating func expand(_ id: OperatorID) throws(ONNXError) {
    let node = graph[id]
    var inputs = node.inputs.map { graph[$0].name }
    let output = graph[node.outputs[0]]
    var attributes: [Onnx_AttributeProto] = []
    var type = node.kind.typeName
    var activation = Activation.none
    var addend: String?
    switch node.kind {
    case .convolution(let window, let groups, let before, let after):
      activation = after
      if node.addend != nil { addend = inputs.removeLast() }
      if before == .relu {
        let name = nodeNames.unique("\(node.name).input_relu")
        let rectified = addTensor(name, graph[node.inputs[0]].shape)
        add("Relu", name: name, [inputs[0]], rectified, [], id)
        inputs[0] = rectified
      }
      attributes = Self.attributes(of: window) + [Self.integer("group", groups)]
    case .batchNormalization(let epsilon, let after):
      activation = after
      attributes = [Self.float("epsilon", epsilon)]
    case .maxPool(let window): attributes = Self.attributes(of: window)
    case .averagePool(let window, let countsPadding):
      attributes = Self.attributes(of: window) + [Self.integer("count_include_pad", countsPadding ? 1 : 0)]
      if window.dilation == Size2D(1) { attributes.removeAll { $0.name == "dilations" } }
    case .add(let after):
      activation = after
      if inputs.count > 2 { type = "Sum" }
    case .concat(let axis): attributes = [Self.integer("axis", axis)]
    case .flatten: attributes = [Self.integer("axis", 1)]
    case .fullyConnected: attributes = [Self.integer("transB", 1)]
    case .relu, .globalAveragePool, .identity, .arithmetic, .matrixProduct: break
    // Layouts are not part of a model.
    case .layoutConversion: type = "Identity"
    case .elementwise(.silu), .elementwise(.hardSwish):
      let isSmooth = node.kind == .elementwise(.silu)
      add(isSmooth ? .silu : .hardSwish, reading: inputs[0], output, of: node, isFused: false, id)
      return
    case .elementwise, .softmax, .mean, .layerNormalization, .reshape, .transpose, .slice, .pad, .gather,
      .resize:
      let parameters = parameters(of: node.kind, name: node.name)
      attributes = parameters.attributes
      inputs += parameters.inputs
    case .opaque(let type): throw .cannotExport(name: node.name, reason: "\(type) can be scheduled only")
    }
    let linear = activation == .none ? output.name : addTensor("\(output.name).linear", output.shape)
    if let addend {
      let product = addTensor("\(output.name).product", output.shape)
      add(type, name: node.name, inputs, product, attributes, id)
      add("Add", name: nodeNames.unique("\(node.name).add"), [product, addend], linear, [], id)
    } else {
      add(type, name: node.name, inputs, linear, attributes, id)
    }
    add(activation, reading: linear, output, of: node, isFused: true, id)
  }

  /// Adds the nodes of an activation that writes an operator's result.
  private mutating func add(
    _ activation: Activation, reading input: String, _ output: Tensor, of node: Operator, isFused: Bool,
    _ id: OperatorID
  ) {
    func name(_ suffix: String) -> String {
      isFused ? nodeNames.unique("\(node.name).\(suffix)") : node.name
    }
    switch activation {
    case .none: break
    case .relu: add("Relu", name: name("relu"), [input], output.name, [], id)
    case .relu6:
      let bounds = bounds(0, 6, name: node.name)
      add("Clip", name: name("relu6"), [input] + bounds, output.name, [], id)
    case .hardSwish, .silu:
      // ONNX Runtime would make two nodes of a HardSwish as well, and give them names of its own.
      let factor = addTensor("\(output.name).sigmoid", output.shape)
      let type = activation == .silu ? "Sigmoid" : "HardSigmoid"
      let slope = activation == .silu ? [] : [Self.float("alpha", 1 / 6), Self.float("beta", 0.5)]
      add(type, name: nodeNames.unique("\(node.name).sigmoid"), [input], factor, slope, id)
      add("Mul", name: name("product"), [input, factor], output.name, [], id)
    }
  }

  private mutating func addTensor(_ name: String, _ shape: TensorShape) -> String {
    let unique = tensorNames.unique(name)
    addedTensors.append((unique, shape))
    return unique
  }

  private mutating func add(
    _ type: String, name: String, _ inputs: [String], _ output: String, _ attributes: [Onnx_AttributeProto],
    _ owner: OperatorID
  ) {
    var node = Onnx_NodeProto()
    node.opType = type
    node.name = name
    node.input = inputs
    node.output = [output]
    node.attribute = attributes
    nodes.append(node)
    owners.append(owner)
  }

  /// Adds a constant of an operator and returns its name.
  mutating func addConstant(_ values: [Int64], _ suffix: String, of name: String) -> String {
    var tensor = Onnx_TensorProto()
    tensor.name = tensorNames.unique("\(name).\(suffix)")
    tensor.dims = [Int64(values.count)]
    tensor.dataType = Int32(Onnx_TensorProto.DataType.int64.rawValue)
    tensor.int64Data = values
    constants.append(tensor)
    return tensor.name
  }

  /// Adds a constant of an operator, without dimensions if it is one value, and returns its name.
  mutating func addConstant(_ values: [Float], _ suffix: String, of name: String) -> String {
    var tensor = Onnx_TensorProto()
    tensor.name = tensorNames.unique("\(name).\(suffix)")
    tensor.dims = values.count == 1 ? [] : [Int64(values.count)]
    tensor.dataType = Int32(Onnx_TensorProto.DataType.float.rawValue)
    tensor.floatData = values
    constants.append(tensor)
    return tensor.name
  }

  // MARK: Attributes

  private static func attributes(of window: Window2D) -> [Onnx_AttributeProto] {
    [
      integers("kernel_shape", [window.kernel.height, window.kernel.width]),
      integers("strides", [window.stride.height, window.stride.width]),
      integers(
        "pads", [window.padding.top, window.padding.left, window.padding.bottom, window.padding.right]),
      integers("dilations", [window.dilation.height, window.dilation.width]),
    ]
  }

  static func integer(_ name: String, _ value: Int) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .int
    attribute.i = Int64(value)
    return attribute
  }

  static func integers(_ name: String, _ values: [Int]) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .ints
    attribute.ints = values.map(Int64.init)
    return attribute
  }

  static func float(_ name: String, _ value: Float) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .float
    attribute.f = value
    return attribute
  }
}
