import ComputationGraph

/// Writes a model with some of its nodes divided among the branches of Concats.
struct ModelPartitioner {
  private let facts: PartitionableGraph
  private let plan: PartitionPlan
  private let resolved: ResolvedPartition
  private var model: Onnx_ModelProto
  private var nodes: [Onnx_NodeProto] = []
  private var declared: [Onnx_ValueInfoProto] = []
  private let weightsAreOutlined: Bool
  private var names: NameSet
  private var slices: [SliceKey: String] = [:]
  private var slicedWeights: Set<String> = []

  private struct SliceKey: Hashable {
    let weight: String
    let axis: Int
    let range: Range<Int>
  }

  /// The model under a plan.
  ///
  /// Nodes stand where the ones that they replace stood, so a file in a valid order stays so.
  ///
  /// - Parameter withWeights: whether slices of weights get their values; without, only sizes are right.
  /// - Complexity: linear in nodes and in the bytes of the weights that are sliced.
  static func model(
    _ facts: PartitionableGraph, _ plan: PartitionPlan, _ resolved: ResolvedPartition,
    withWeights: Bool = true
  ) -> Onnx_ModelProto {
    var partitioner = ModelPartitioner(facts, plan, resolved, withWeights)
    partitioner.run()
    return partitioner.model
  }

  private init(
    _ facts: PartitionableGraph, _ plan: PartitionPlan, _ resolved: ResolvedPartition, _ withWeights: Bool
  ) {
    model = withWeights ? facts.proto : facts.outline
    weightsAreOutlined = !withWeights
    names = resolved.taken
    self.facts = facts
    self.plan = plan
    self.resolved = resolved
  }

  private mutating func run() {
    for (index, node) in facts.proto.graph.node.enumerated() { emit(node, index) }
    model.graph.node = nodes
    removeUnusedWeights()
    let written = Set(nodes.flatMap(\.output))
    let boundary = Set((facts.proto.graph.input + facts.proto.graph.output).map(\.name))
    model.graph.valueInfo =
      facts.proto.graph.valueInfo.filter { value in
        written.contains(value.name) || boundary.contains(value.name) || facts.weights.contains(value.name)
      } + declared
  }

  // MARK: Nodes

  private mutating func emit(_ node: Onnx_NodeProto, _ index: Int) {
    let isConcat = facts.concats[index] != nil
    guard let rule = resolved.rules[index], isConcat || resolved.names[index] != nil else {
      if isConcat, resolved.divided[node.output[0]]?.isNeededWhole == false { return }
      nodes.append(node)
      return
    }
    switch rule {
    case .flattening:
      guard let result = resolved.divided[node.output[0]], result.isNeededWhole else { return }
      var flat = node
      flat.input = result.partition.parts.map(\.tensor)
      nodes.append(flat)
    case .perPart(let rule): emitParts(of: node, index, rule)
    case .partialSum(let rule): emitSum(of: node, index, rule)
    }
  }

  private mutating func emitParts(of node: Onnx_NodeProto, _ index: Int, _ rule: PartitionRule.PerPart) {
    guard let names = resolved.names[index], let source = resolved.sources[index],
      let read = resolved.divided[source]?.partition, let written = resolved.divided[node.output[0]]
    else { preconditionFailure("a divided node has names and a divided source") }
    for (position, part) in read.parts.enumerated() {
      var copy = node
      copy.name = names.nodes[position]
      copy.output = [names.tensors[position]]
      copy.input[rule.data] = part.tensor
      let offset = read.offsets[position]
      for slice in rule.slices {
        let extent = part.extent / rule.channelsRead * rule.channelsWritten
        let start = offset / rule.channelsRead * rule.channelsWritten
        copy.input[slice.input] = self.slice(
          node.input[slice.input], axis: slice.axis, range: start..<start + extent, position)
      }
      if rule.isGrouped, let group = copy.attribute.firstIndex(where: { $0.name == "group" }) {
        copy.attribute[group].i = Int64(part.extent / rule.channelsRead)
      }
      nodes.append(copy)
    }
    if read.parts.count == 1 { return }
    for part in written.partition.parts {
      declare(part.tensor, like: node.output[0], axis: read.axis, extent: part.extent)
    }
    guard written.isNeededWhole else { return }
    var concat = Onnx_NodeProto()
    concat.opType = "Concat"
    concat.name = names.concatNode
    concat.input = names.tensors
    concat.output = [node.output[0]]
    var axis = Onnx_AttributeProto()
    axis.name = "axis"
    axis.type = .int
    axis.i = Int64(read.axis)
    concat.attribute = [axis]
    nodes.append(concat)
  }

  private mutating func emitSum(of node: Onnx_NodeProto, _ index: Int, _ rule: PartitionRule.PartialSum) {
    guard let names = resolved.names[index], let source = resolved.sources[index],
      let read = resolved.divided[source]?.partition
    else { preconditionFailure("a divided node has names and a divided source") }
    let count = read.parts.count
    var order = plan.accumulation[index] ?? []
    if order.sorted() != Array(0..<count) { order = Array(0..<count) }
    var sum = ""
    for (step, position) in order.enumerated() {
      let part = read.parts[position]
      var copy = node
      copy.name = names.nodes[position]
      copy.output = [names.tensors[position]]
      copy.input[0] = part.tensor
      let offset = read.offsets[position]
      copy.input[rule.weight.input] = slice(
        node.input[rule.weight.input], axis: rule.weight.axis, range: offset..<offset + part.extent, position)
      // One of the parts adds the bias: the first, so that the others can follow in any order.
      if let bias = rule.bias, step > 0 { copy.input.removeSubrange(bias...) }
      nodes.append(copy)
      if count > 1 { declare(names.tensors[position], like: node.output[0]) }
      if step > 0 {
        var add = Onnx_NodeProto()
        add.opType = "Add"
        add.name = names.sumNodes[step - 1]
        add.input = [sum, names.tensors[position]]
        add.output = [names.sumTensors[step - 1]]
        nodes.append(add)
        if step < count - 1 { declare(names.sumTensors[step - 1], like: node.output[0]) }
        sum = names.sumTensors[step - 1]
      } else {
        sum = names.tensors[position]
      }
    }
  }

  // MARK: Values

  private mutating func declare(_ name: String, like original: String, axis: Int = 0, extent: Int? = nil) {
    guard let type = facts.types[original] else { preconditionFailure("every tensor has a type") }
    var dimensions = type.shape.dimensions
    if let extent { dimensions[axis] = extent }
    declared.append(Self.value(name, dimensions, type.elementType))
  }

  private static func value(_ name: String, _ dimensions: [Int], _ type: ElementType) -> Onnx_ValueInfoProto {
    var value = Onnx_ValueInfoProto()
    value.name = name
    value.type.tensorType.elemType = Int32(Onnx_TensorProto.DataType(type).rawValue)
    // A scalar has a shape without dimensions, which is not the same as no shape.
    value.type.tensorType.shape = Onnx_TensorShapeProto()
    value.type.tensorType.shape.dim = dimensions.map { extent in
      var dimension = Onnx_TensorShapeProto.Dimension()
      dimension.dimValue = Int64(extent)
      return dimension
    }
    return value
  }

  /// The name of a slice of a weight, which is added to the model when it is asked for first.
  private mutating func slice(_ weight: String, axis: Int, range: Range<Int>, _ position: Int) -> String {
    guard let tensor = facts.weights.tensor(weight) else {
      preconditionFailure("only weights that are stored whole are sliced")
    }
    if range == 0..<Int(tensor.dims[axis]) { return weight }
    let key = SliceKey(weight: weight, axis: axis, range: range)
    if let known = slices[key] { return known }
    let name = names.unique("\(weight).part\(position)")
    slices[key] = name
    slicedWeights.insert(weight)
    let source = weightsAreOutlined ? tensor.outline : tensor
    model.graph.initializer.append(source.slice(axis: axis, range: range, named: name))
    if model.irVersion < 4, let type = facts.types[weight] {
      var dimensions = type.shape.dimensions
      dimensions[axis] = range.count
      model.graph.input.append(Self.value(name, dimensions, type.elementType))
    }
    return name
  }

  /// Removes the weights that were sliced and that nobody reads whole.
  private mutating func removeUnusedWeights() {
    var used = Set(nodes.flatMap(\.input))
    used.formUnion(facts.proto.graph.output.map(\.name))
    let unused = slicedWeights.subtracting(used)
    guard !unused.isEmpty else { return }
    model.graph.initializer.removeAll { unused.contains($0.name) }
    model.graph.input.removeAll { unused.contains($0.name) }
    model.graph.node.removeAll { SchedulingImporter.isConstant($0) && $0.output.allSatisfy(unused.contains) }
  }
}

extension Onnx_TensorProto.DataType {
  /// The ONNX type of an element type.
  init(_ type: ElementType) {
    switch type {
    case .float32: self = .float
    case .float64: self = .double
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    case .int8: self = .int8
    case .int16: self = .int16
    case .int32: self = .int32
    case .int64: self = .int64
    case .uint8: self = .uint8
    case .uint16: self = .uint16
    case .uint32: self = .uint32
    case .uint64: self = .uint64
    case .bool: self = .bool
    case .complex64: self = .complex64
    case .complex128: self = .complex128
    }
  }
}
