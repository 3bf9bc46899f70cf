import ComputationGraph

/// The ONNX nodes of a graph's operators in an order, fused activations written out.
struct NodeExpansion {
  private(set) var nodes: [Onnx_NodeProto] = []
  /// The operator of each node.
  private(set) var owners: [OperatorID] = []
  /// Activations that only exist because a fused activation was written out.
  private(set) var addedTensors: [(name: String, shape: TensorShape)] = []
  private(set) var needsDilatedPool = false

  private let graph: Graph
  private var nodeNames: NameSet
  private var tensorNames: NameSet

  init(graph: Graph, order: [OperatorID]) throws(ONNXError) {
    self.graph = graph
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

  private mutating func expand(_ id: OperatorID) throws(ONNXError) {
    let node = graph[id]
    var inputs = node.inputs.map { graph[$0].name }
    let output = graph[node.outputs[0]]
    var attributes: [Onnx_AttributeProto] = []
    var type = node.kind.typeName
    var activation = Activation.none
    switch node.kind {
    case .convolution(let window, let groups, let before, let after):
      activation = after
      if before == .relu {
        inputs[0] = addRelu(
          reading: inputs[0], shape: graph[node.inputs[0]].shape, suffix: "input_relu", of: node, id)
      }
      attributes = Self.attributes(of: window) + [Self.integer("group", groups)]
    case .batchNormalization(let epsilon, let after):
      activation = after
      attributes = [Self.float("epsilon", epsilon)]
    case .maxPool(let window): attributes = Self.attributes(of: window)
    case .averagePool(let window, let countsPadding):
      attributes = Self.attributes(of: window) + [Self.integer("count_include_pad", countsPadding ? 1 : 0)]
      if window.dilation == Size2D(1) {
        attributes.removeAll { $0.name == "dilations" }
      } else {
        needsDilatedPool = true
      }
    case .add(let after):
      activation = after
      if inputs.count > 2 { type = "Sum" }
    case .concat(let axis): attributes = [Self.integer("axis", axis)]
    case .flatten: attributes = [Self.integer("axis", 1)]
    case .fullyConnected: attributes = [Self.integer("transB", 1)]
    case .relu, .globalAveragePool, .identity: break
    // Layouts are not part of a model.
    case .layoutConversion: type = "Identity"
    case .opaque(let type): throw .cannotExport(name: node.name, reason: "\(type) can be scheduled only")
    }
    guard activation == .relu else {
      add(type, name: node.name, inputs, output.name, attributes, id)
      return
    }
    let linear = addTensor("\(output.name).linear", output.shape)
    add(type, name: node.name, inputs, linear, attributes, id)
    add("Relu", name: nodeNames.unique("\(node.name).relu"), [linear], output.name, [], id)
  }

  private mutating func addRelu(
    reading input: String, shape: TensorShape, suffix: String, of node: Operator, _ id: OperatorID
  ) -> String {
    let name = nodeNames.unique("\(node.name).\(suffix)")
    let output = addTensor(name, shape)
    add("Relu", name: name, [input], output, [], id)
    return output
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

  private static func integer(_ name: String, _ value: Int) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .int
    attribute.i = Int64(value)
    return attribute
  }

  private static func integers(_ name: String, _ values: [Int]) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .ints
    attribute.ints = values.map(Int64.init)
    return attribute
  }

  private static func float(_ name: String, _ value: Float) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .float
    attribute.f = value
    return attribute
  }
}
