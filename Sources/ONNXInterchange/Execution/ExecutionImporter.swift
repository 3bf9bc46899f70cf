import ComputationGraph

/// One node of the file beside the operator that it is in the scheduling graph.
struct ExecutionNode {
  let proto: Onnx_NodeProto
  let name: String
  let attributes: NodeAttributes

  init(_ proto: Onnx_NodeProto, name: String) {
    self.proto = proto
    self.name = name
    attributes = NodeAttributes(proto)
  }

  var type: String { proto.opType }
  var output: String { proto.output.first ?? "" }

  /// The name of an input, or nil where it is left out.
  func input(_ index: Int) -> String? {
    index < proto.input.count && !proto.input[index].isEmpty ? proto.input[index] : nil
  }
}

/// Translates the scheduling graph of a file into a graph of executable kinds, operator by operator.
///
/// The scheduling graph has been checked already: names, shapes and wiring are sound.
struct ExecutionImporter {
  let file: String
  let source: Graph
  let nodes: [Onnx_NodeProto]
  let stored: ModelWeights
  /// The version of ONNX's own operators that the file is written for.
  let opset: Int
  let described: [String: TensorID]

  var tensors: [Tensor] = []
  var operators: [Operator] = []
  /// Pads that are not operators yet, by the name of their result: they may become the padding of what reads them.
  var pads: [String: DeferredPad] = [:]
  private var activations: [String: TensorID] = [:]
  private var tensorNames: NameSet
  private var operatorNames: NameSet
  private var values = WeightValues()
  private var missing: [ExecutableModel.MissingWeight] = []
  private let patterns: FunctionPatterns

  init(file: String, source: Graph, nodes: [Onnx_NodeProto], stored: ModelWeights, opset: Int) {
    self.file = file
    self.source = source
    self.nodes = nodes
    self.stored = stored
    self.opset = opset
    patterns = FunctionPatterns(source: source, nodes: nodes, stored: stored)
    described = Dictionary(
      source.tensors.enumerated().map { ($1.name, TensorID($0)) }, uniquingKeysWith: { first, _ in first })
    tensorNames = NameSet(reserved: source.tensors.map(\.name))
    operatorNames = NameSet(reserved: source.operators.map(\.name))
  }

  mutating func run() throws(ONNXError) -> ExecutableModel {
    var inputs: [TensorID] = []
    for id in source.inputs { inputs.append(try addActivation(source[id])) }
    for id in source.kahnOrder() {
      let node = ExecutionNode(nodes[id.index], name: source[id].name)
      try translate(node, id)
    }
    var outputs: [TensorID] = []
    for id in source.outputs {
      let producer = source.producers[id.index]
      let node = producer.map { ExecutionNode(nodes[$0.index], name: source[$0].name) }
      outputs.append(try activation(source[id].name, readBy: node))
    }
    do {
      let graph = try Graph(
        name: source.name, tensors: tensors, operators: operators, inputs: inputs, outputs: outputs)
      return ExecutableModel(source: file, graph: graph, stored: values, missingWeights: missing)
    } catch {
      throw .invalidGraph(file: file, error)
    }
  }

  private mutating func translate(_ node: ExecutionNode, _ id: OperatorID) throws(ONNXError) {
    guard node.proto.domain.isEmpty || node.proto.domain == "ai.onnx" else {
      throw unsupported(node, "operators of the domain '\(node.proto.domain.quoted)' are not known")
    }
    for output in source[id].outputs where source[output].name != node.output && node.type != "Split" {
      if source.outputs.contains(output) || !source.readers[output.index].isEmpty {
        throw unsupported(
          node, "only its first output is computed, but '\(source[output].name.quoted)' is used")
      }
    }
    guard !node.output.isEmpty else { return }
    for tensor in source[id].inputs + source[id].outputs {
      guard source[tensor].shape.dimensions.allSatisfy({ $0 <= Self.largestExtent }) else {
        throw unsupported(node, "'\(source[tensor].name.quoted)' of \(source[tensor].shape) is too large")
      }
    }
    if patterns.absorbed.contains(id) { return }
    if let match = patterns.matches[id] {
      try emit(.elementwise(match.function), [activation(match.input, readBy: node)], node)
      return
    }
    switch node.type {
    case "Conv": try convolution(node)
    case "BatchNormalization": try batchNormalization(node)
    case "Relu": try emit(.relu, [activation(node, 0)], node)
    case "Clip": try clip(node)
    case "MaxPool", "AveragePool": try pool(node)
    case "GlobalMaxPool", "GlobalAveragePool": try globalPool(node)
    case "ReduceMean": try mean(node)
    case "Add", "Sum", "Sub", "Mul", "Div": try arithmetic(node)
    case "Concat": try concatenation(node)
    case "Gemm": try gemm(node)
    case "MatMul": try matrixProduct(node)
    case "Dropout": try dropout(node)
    case "Identity", "Flatten", "Reshape", "Squeeze", "Unsqueeze": try view(node)
    case "Pad": try pad(node)
    case "Sigmoid", "HardSigmoid", "HardSwish", "LeakyRelu", "Erf", "Gelu": try function(node)
    case "Softmax": try softmax(node)
    case "LayerNormalization": try layerNormalization(node)
    case "Transpose": try transpose(node)
    case "Split": try split(node)
    case "Gather": try gather(node)
    case "Resize", "Upsample": try resize(node)
    case "Slice": try slice(node)
    default: throw unsupported(node, "there is no kernel for it")
    }
  }

  /// Arithmetic on extents up to this cannot overflow.
  static let largestExtent = 1 << 32

  // MARK: What the file says

  func unsupported(_ node: ExecutionNode, _ reason: String) -> ONNXError {
    .notExecutable(file: file, node: node.name, type: node.type, reason: reason)
  }

  /// The shape of a tensor of the file.
  func shape(_ name: String) -> TensorShape { described[name].map { source[$0].shape } ?? [] }

  func isWeight(_ name: String) -> Bool { described[name].map { source[$0].role == .weight } ?? false }

  /// The name of an input that must be there.
  func name(_ node: ExecutionNode, _ index: Int) throws(ONNXError) -> String {
    guard let name = node.input(index) else { throw unsupported(node, "its input \(index) is left out") }
    return name
  }

  /// The name of an input that must be a weight.
  func weightName(_ node: ExecutionNode, _ index: Int) throws(ONNXError) -> String {
    let name = try name(node, index)
    guard isWeight(name) else {
      throw unsupported(
        node, "'\(name.quoted)' is computed, but only weights of the file can be its input \(index)")
    }
    return name
  }

  // MARK: Tensors and operators of the result

  /// The activation that an input of the node is.
  mutating func activation(_ node: ExecutionNode, _ index: Int) throws(ONNXError) -> TensorID {
    try activation(try name(node, index), readBy: node)
  }

  private mutating func activation(_ name: String, readBy node: ExecutionNode?) throws(ONNXError) -> TensorID
  {
    if let pad = pads.removeValue(forKey: name) { try materialize(pad) }
    if let id = activations[name] { return id }
    let reason = "it reads '\(name.quoted)', a constant, where kernels read what was computed"
    throw .notExecutable(file: file, node: node?.name ?? name, type: node?.type ?? "output", reason: reason)
  }

  private mutating func addActivation(_ tensor: Tensor) throws(ONNXError) -> TensorID {
    guard tensor.elementType == .float32 else {
      throw .notFloat32(file: file, tensor: tensor.name, type: tensor.elementType.rawValue)
    }
    tensors.append(tensor)
    activations[tensor.name] = TensorID(tensors.count - 1)
    return TensorID(tensors.count - 1)
  }

  /// Adds an operator that computes one of the node's outputs.
  mutating func emit(
    _ kind: OperatorKind, _ inputs: [TensorID], _ node: ExecutionNode, output index: Int = 0
  ) throws(ONNXError) {
    guard let id = described[node.proto.output[index]] else { return }
    let output = try addActivation(source[id])
    let name = index == 0 ? node.name : operatorNames.unique("\(node.name).\(index)")
    operators.append(Operator(name: name, kind: kind, inputs: inputs, outputs: [output]))
  }

  /// Adds an operator before that of the node, and returns its output.
  mutating func emitHelper(
    _ kind: OperatorKind, _ inputs: [TensorID], shape: TensorShape, suffix: String, _ node: ExecutionNode
  ) throws(ONNXError) -> TensorID {
    let output = try addActivation(Tensor(name: tensorNames.unique("\(node.output).\(suffix)"), shape: shape))
    operators.append(
      Operator(
        name: operatorNames.unique("\(node.name).\(suffix)"), kind: kind, inputs: inputs, outputs: [output]))
    return output
  }

  /// Makes the fully connected layer whose result the node adds a bias to compute the sum; false if there is none.
  mutating func addBias(_ bias: String, to product: String, _ node: ExecutionNode) throws(ONNXError) -> Bool {
    guard hasOneValuePerChannel(bias, of: shape(product)), shape(product) == shape(node.output),
      let id = activations[product], let described = described[product],
      source.readers[described.index].count == 1, !source.outputs.contains(described),
      let index = operators.lastIndex(where: { $0.outputs == [id] }),
      case .fullyConnected = operators[index].kind, operators[index].inputs.count == 2
    else { return false }
    let layer = operators[index]
    let columns = tensors[id.index].shape[1]
    guard let weight = try channelWeight("bias", bias, channels: columns, node, { $0 }) else { return false }
    try emit(.fullyConnected, layer.inputs + [weight], node)
    operators.remove(at: index)
    let sum = operators.removeLast()
    operators.insert(
      Operator(name: layer.name, kind: .fullyConnected, inputs: sum.inputs, outputs: sum.outputs), at: index)
    return true
  }

  /// Adds a weight whose values the file holds or lacks.
  ///
  /// - Parameter convert: from the values as stored to those of `shape`.
  mutating func addWeight(
    _ suffix: String, shape: TensorShape, from name: String, _ node: ExecutionNode,
    _ convert: ([Float]) -> [Float] = { $0 }
  ) throws(ONNXError) -> TensorID {
    guard shape.elementCount > 0 else {
      throw .invalidWeight(file: file, tensor: name, node: node.name, reason: "it has no elements")
    }
    let weight = tensorNames.unique("\(node.name).\(suffix)")
    switch stored.floats(name) {
    case .values(let found):
      guard found.count == self.shape(name).elementCount else {
        throw .invalidWeight(
          file: file, tensor: name, node: node.name,
          reason: "it has \(found.count) values for \(self.shape(name))")
      }
      values[weight] = convert(found)
    case .absent: missing.append(.init(weight: weight, storedName: name, node: node.name))
    case .unusable(let reason):
      throw .invalidWeight(file: file, tensor: name, node: node.name, reason: reason)
    }
    tensors.append(Tensor(name: weight, shape: shape, role: .weight))
    return TensorID(tensors.count - 1)
  }

  /// Adds a weight that the file has the shape of but no values.
  mutating func addMissingWeight(
    _ suffix: String, shape: TensorShape, from name: String, _ node: ExecutionNode
  ) -> TensorID {
    let weight = tensorNames.unique("\(node.name).\(suffix)")
    missing.append(.init(weight: weight, storedName: name, node: node.name))
    tensors.append(Tensor(name: weight, shape: shape, role: .weight))
    return TensorID(tensors.count - 1)
  }

  /// Adds a weight that the file does not have: one value at each index.
  mutating func addWeight(
    _ suffix: String, shape: TensorShape, _ node: ExecutionNode, value: (Int) -> Float
  ) throws(ONNXError) -> TensorID {
    try checkSize(shape, node)
    let weight = tensorNames.unique("\(node.name).\(suffix)")
    values[weight] = (0..<shape.elementCount).map(value)
    tensors.append(Tensor(name: weight, shape: shape, role: .weight))
    return TensorID(tensors.count - 1)
  }

  /// Values that are made here, not read, must not be more than any network has, whatever sizes a file declares.
  func checkSize(_ shape: TensorShape, _ node: ExecutionNode) throws(ONNXError) {
    guard let count = shape.checkedElementCount, count <= 1 << 26 else {
      throw unsupported(node, "a weight of \(shape) is too large")
    }
  }

  /// Whether folding a batch norm may call a new bias of the operator by its usual name; reserves the name.
  mutating func biasNameIsFree(_ node: ExecutionNode) -> Bool {
    tensorNames.unique("\(node.name).bias") == "\(node.name).bias"
  }
}
