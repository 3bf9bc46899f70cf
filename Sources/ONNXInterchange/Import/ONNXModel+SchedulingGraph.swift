import ComputationGraph

extension ONNXModel {
  /// The model as a graph that can be scheduled: shapes, types and wiring, every operator opaque.
  ///
  /// Initializers and the outputs of Constant nodes are weights; every other node is an operator, also one that
  /// reads nothing but weights. Optional inputs and outputs that the file leaves out are dropped. Operators keep
  /// the file's order and their names, made unique where the file's are not. A graph output that is a weight is
  /// not listed among the graph's outputs, since it costs no memory.
  ///
  /// Shapes come from the file; where it gives none, those that common operators imply are inferred, and where it
  /// gives one that contradicts them, the file is refused.
  ///
  /// - Returns: the graph and, by operator index, the operator's index in the file's node list (Constant nodes
  ///   counted).
  /// - Throws: ``ONNXError`` naming the file and the tensor or node.
  /// - Complexity: linear in nodes, values and their connections.
  public func schedulingGraph() throws(ONNXError) -> (graph: Graph, nodeIndices: [Int]) {
    var importer = SchedulingImporter(graph: proto.graph, file: source)
    return try importer.run()
  }
}

/// Builds the scheduling graph of one file.
struct SchedulingImporter {
  let graph: Onnx_GraphProto
  let file: String
  var declared: [String: DeclaredType] = [:]
  private var tensors: [Tensor] = []
  private(set) var tensorIDs: [String: TensorID] = [:]
  /// Weights that are described by their bytes: their shape is not the file's.
  private(set) var packedWeights: Set<String> = []

  init(graph: Onnx_GraphProto, file: String) {
    self.graph = graph
    self.file = file
  }

  mutating func run() throws(ONNXError) -> (graph: Graph, nodeIndices: [Int]) {
    if graph.output.isEmpty { throw .noOutputs(file: file) }
    for (side, values) in [("input", graph.input), ("output", graph.output)] {
      if let index = values.firstIndex(where: \.name.isEmpty) {
        throw .unnamedBoundary(file: file, side: side, index: index)
      }
    }
    try addWeights()
    try collectDeclarations()
    let nodeIndices = graph.node.indices.filter { !Self.isConstant(graph.node[$0]) }
    for index in nodeIndices {
      let node = graph.node[index]
      if Self.hasBody(node) {
        throw .controlFlow(file: file, node: Self.label(node, index), type: node.opType)
      }
      inferMissingTypes(of: node)
    }
    var inputs: [TensorID] = []
    for value in graph.input {
      if let id = tensorIDs[value.name] {
        // Older models list their weights here, too.
        if tensors[id.index].role == .weight { continue }
        throw .invalidGraph(file: file, .duplicateName(value.name))
      }
      inputs.append(try addActivation(value.name, node: nil))
    }
    var operators: [Operator] = []
    var names = NameSet()
    for index in nodeIndices {
      let node = graph.node[index]
      let name = names.unique(Self.label(node, index))
      let outputs = try addOutputs(of: node, named: name)
      operators.append(Operator(name: name, kind: .opaque(type: node.opType), inputs: [], outputs: outputs))
    }
    for (position, index) in nodeIndices.enumerated() {
      let bare = operators[position]
      operators[position] = Operator(
        name: bare.name, kind: bare.kind, inputs: try inputIDs(of: graph.node[index], named: bare.name),
        outputs: bare.outputs)
    }
    let outputs = try outputIDs()
    let result: Graph
    do {
      let fileName = file.split(separator: "/").last.map(String.init) ?? file
      let name = graph.name.isEmpty ? fileName : graph.name
      result = try Graph(name: name, tensors: tensors, operators: operators, inputs: inputs, outputs: outputs)
    } catch {
      throw .invalidGraph(file: file, error)
    }
    // After the graph's own rules: a cycle is reported as such and not as the shapes that do not fit around it.
    for (index, node) in zip(nodeIndices, operators) { try check(graph.node[index], named: node.name) }
    return (result, nodeIndices)
  }

  static func isConstant(_ node: Onnx_NodeProto) -> Bool {
    node.opType == "Constant"
  }

  private static func hasBody(_ node: Onnx_NodeProto) -> Bool {
    node.attribute.contains { $0.hasG || !$0.graphs.isEmpty } || ["If", "Loop", "Scan"].contains(node.opType)
  }

  private static func label(_ node: Onnx_NodeProto, _ index: Int) -> String {
    node.name.isEmpty ? "\(node.opType)_\(index)" : node.name
  }

  // MARK: Weights

  private mutating func addWeights() throws(ONNXError) {
    for value in graph.initializer {
      try addWeight(value.name, dims: value.dims, type: value.dataType)
    }
    for value in graph.sparseInitializer {
      try addWeight(value.values.name, dims: value.dims, type: value.values.dataType)
    }
    for node in graph.node where Self.isConstant(node) {
      let (dims, type) = Self.constantShape(node)
      for name in node.output where !name.isEmpty { try addWeight(name, dims: dims, type: type) }
    }
  }

  /// Weights of types that activations cannot have are described by the bytes that store them.
  private mutating func addWeight(_ name: String, dims: [Int64], type: Int32) throws(ONNXError) {
    guard dims.count <= DeclaredType.largestRank else {
      throw .invalidShape(
        file: file, tensor: name,
        reason: "it has \(dims.count) dimensions; at most \(DeclaredType.largestRank) are read")
    }
    if let axis = dims.firstIndex(where: { $0 < 0 }) {
      throw .invalidShape(
        file: file, tensor: name,
        reason: "dimension \(axis) is \(dims[axis]); sizes of weights cannot be negative")
    }
    if tensorIDs[name] != nil { throw .invalidGraph(file: file, .duplicateName(name)) }
    let shape = TensorShape(dims.map(Int.init))
    guard let count = shape.checkedElementCount, count < Int.max / 16 else {
      throw .invalidGraph(file: file, .sizeOverflow(tensor: name))
    }
    let known = Onnx_TensorProto.DataType(rawValue: Int(type))
    if let elementType = known.flatMap(ElementType.init) {
      add(Tensor(name: name, shape: shape, elementType: elementType, role: .weight))
    } else if let bits = known?.packedBits {
      let bytes = (count * bits + 7) / 8
      add(Tensor(name: name, shape: [bytes], elementType: .uint8, role: .weight))
      packedWeights.insert(name)
    } else {
      throw .unsupportedElementType(
        file: file, tensor: name, type: Onnx_TensorProto.DataType.describe(type))
    }
  }

  private static func constantShape(_ node: Onnx_NodeProto) -> (dims: [Int64], type: Int32) {
    func number(_ type: Onnx_TensorProto.DataType) -> Int32 { Int32(type.rawValue) }
    for attribute in node.attribute {
      switch attribute.name {
      case "value": return (attribute.t.dims, attribute.t.dataType)
      case "sparse_value": return (attribute.sparseTensor.dims, attribute.sparseTensor.values.dataType)
      case "value_float": return ([], number(.float))
      case "value_int": return ([], number(.int64))
      case "value_string": return ([], number(.string))
      case "value_floats": return ([Int64(attribute.floats.count)], number(.float))
      case "value_ints": return ([Int64(attribute.ints.count)], number(.int64))
      case "value_strings": return ([Int64(attribute.strings.count)], number(.string))
      default: continue
      }
    }
    return ([], number(.undefined))
  }

  // MARK: Activations

  /// Shape and type of a weight or of an activation declared so far, or nil.
  func knownType(of name: String) -> ValueType? {
    if let id = tensorIDs[name] {
      return ValueType(shape: tensors[id.index].shape, elementType: tensors[id.index].elementType)
    }
    if case .known(let type)? = declared[name] { return type }
    return nil
  }

  private mutating func collectDeclarations() throws(ONNXError) {
    for value in graph.valueInfo + graph.input + graph.output {
      let new = DeclaredType(value.type)
      switch (declared[value.name], new) {
      case (.known(let first)?, .known(let second)) where first != second:
        if tensorIDs[value.name] == nil {
          throw .invalidShape(
            file: file, tensor: value.name,
            reason: "declared both as \(first.shape) of \(first.elementType) and as \(second.shape) of "
              + "\(second.elementType)")
        }
      case (.known?, _): break
      default: declared[value.name] = new
      }
    }
  }

  @discardableResult
  private mutating func add(_ tensor: Tensor) -> TensorID {
    tensors.append(tensor)
    let id = TensorID(tensors.count - 1)
    tensorIDs[tensor.name] = id
    return id
  }

  private mutating func addActivation(_ name: String, node: String?) throws(ONNXError) -> TensorID {
    switch declared[name] ?? .missing {
    case .known(let type): return add(Tensor(name: name, shape: type.shape, elementType: type.elementType))
    case .dynamic(let axis, let symbol):
      throw .dynamicShape(file: file, tensor: name, axis: axis, symbol: symbol)
    case .unsupported(let type): throw .unsupportedElementType(file: file, tensor: name, type: type)
    case .invalid(let reason): throw .invalidShape(file: file, tensor: name, reason: reason)
    case .missing: throw .missingShape(file: file, tensor: name, node: node)
    }
  }

  private mutating func addOutputs(of node: Onnx_NodeProto, named name: String) throws(ONNXError)
    -> [TensorID]
  {
    // A shape that is missing because the node breaks a rule is no case for shape inference.
    if let first = node.output.first, needsInference(first) { try check(node, named: name) }
    var outputs: [TensorID] = []
    for output in node.output where !output.isEmpty {
      if let taken = tensorIDs[output] {
        // Graph.init would find these too, but only with identifiers that exist for both.
        let isWeight = tensors[taken.index].role == .weight
        let isInput = graph.input.contains { $0.name == output }
        throw .invalidGraph(
          file: file,
          isWeight
            ? .weightIsProduced(tensor: output)
            : isInput ? .inputIsProduced(tensor: output) : .severalProducers(tensor: output))
      }
      outputs.append(try addActivation(output, node: name))
    }
    return outputs
  }

  private func inputIDs(of node: Onnx_NodeProto, named name: String) throws(ONNXError) -> [TensorID] {
    var inputs: [TensorID] = []
    for input in node.input where !input.isEmpty {
      guard let id = tensorIDs[input] else { throw .notProduced(file: file, tensor: input, node: name) }
      inputs.append(id)
    }
    return inputs
  }

  private func outputIDs() throws(ONNXError) -> [TensorID] {
    var outputs: [TensorID] = []
    var seen: Set<TensorID> = []
    for value in graph.output {
      guard let id = tensorIDs[value.name] else {
        throw .notProduced(file: file, tensor: value.name, node: nil)
      }
      if tensors[id.index].role == .activation, seen.insert(id).inserted { outputs.append(id) }
    }
    return outputs
  }
}

/// Hands out names so that none is given twice.
struct NameSet {
  private var taken: Set<String> = []
  private var next: [String: Int] = [:]

  init(reserved: some Sequence<String> = []) { taken = Set(reserved) }

  /// `name`, or `name` with the smallest number behind it that makes it new.
  mutating func unique(_ name: String) -> String {
    if taken.insert(name).inserted { return name }
    while true {
      next[name, default: 1] += 1
      let candidate = "\(name)_\(next[name]!)"
      if taken.insert(candidate).inserted { return candidate }
    }
  }
}
