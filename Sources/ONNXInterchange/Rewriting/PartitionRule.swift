import ComputationGraph

/// A tensor as tensors one behind the other along an axis.
struct TensorPartition: Hashable {
  struct Part: Hashable {
    let tensor: String
    let extent: Int
  }

  let axis: Int
  let parts: [Part]

  /// Where each part begins.
  var offsets: [Int] {
    var next = 0
    return parts.map { part in
      defer { next += part.extent }
      return next
    }
  }

  var extent: Int { parts.reduce(0) { $0 + $1.extent } }
}

/// How a node that reads a divided tensor is itself divided.
enum PartitionRule: Hashable {
  /// One node per part; their results are the parts of the node's result.
  case perPart(PerPart)
  /// One node per part; the sum of their results is the node's result.
  case partialSum(PartialSum)
  /// A Concat along the parts' axis reads the parts instead.
  case flattening

  struct PerPart: Hashable {
    /// The position of the divided tensor among the node's inputs.
    var data: Int
    /// Inputs of which each part's node gets a slice, with the axis that is sliced.
    var slices: [WeightSlice] = []
    /// Channels that a group reads and writes; one each for operators that have no groups.
    var channelsRead = 1
    var channelsWritten = 1
    /// Whether the number of groups is an attribute of the node.
    var isGrouped = false
  }

  struct PartialSum: Hashable {
    var weight: WeightSlice
    /// The position of the addend, which one of the parts adds.
    var bias: Int?
  }

  struct WeightSlice: Hashable {
    var input: Int
    var axis: Int
  }

  var kind: Rewriting.Kind {
    switch self {
    case .perPart(let rule): rule.isGrouped ? .kernelWise : .perChannel
    case .partialSum: .channelWise
    case .flattening: .flattening
    }
  }
}

extension PartitionableGraph {
  /// Operators of one input that compute every element by itself; further inputs are the same for all.
  private static let elementwise: Set<String> = [
    "Relu", "LeakyRelu", "Elu", "Selu", "Celu", "Clip", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh",
    "Softplus",
    "Softsign", "Mish", "Gelu", "Erf", "Exp", "Log", "Sqrt", "Reciprocal", "Neg", "Abs", "Floor", "Ceil",
    "Round",
    "Identity", "Dropout", "Cast",
  ]
  private static let elementwiseWithConstant: Set<String> = [
    "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "PRelu",
  ]
  private static let pools: Set<String> = [
    "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool",
  ]

  /// More branches than published networks have; Concats of Concats of the same tensors could make any number.
  static let maximumParts = 64

  /// How the node can be divided if `tensor`, which it reads, is divided, or nil.
  func rule(for index: Int, reading tensor: String, as partition: TensorPartition) -> PartitionRule? {
    let node = proto.graph.node[index]
    guard node.domain.isEmpty || node.domain == "ai.onnx", partition.parts.count <= Self.maximumParts,
      node.output.filter({ !$0.isEmpty }).count == 1,
      let output = node.output.first, !output.isEmpty, !readers(of: output).isEmpty || isOutput(output)
    else { return nil }
    if node.opType == "Concat" { return concatAxis(of: index) == partition.axis ? .flattening : nil }
    guard node.input.filter({ $0 == tensor }).count == 1, let data = node.input.firstIndex(of: tensor),
      let x = types[tensor]?.shape, let y = types[output]?.shape
    else { return nil }
    let axis = partition.axis
    switch node.opType {
    case "Conv": return convolution(node, data: data, x: x, y: y, partition)
    case "MatMul":
      guard data == 0, axis == x.rank - 1, node.input.count == 2, let matrix = types[node.input[1]]?.shape,
        matrix.rank == 2,
        matrix[0] == x[axis], weights.isSliceable(node.input[1])
      else { return nil }
      return .partialSum(.init(weight: .init(input: 1, axis: 0)))
    case let type where Self.elementwise.contains(type):
      // A third input of Dropout says whether it is training.
      guard data == 0, x == y, type != "Dropout" || node.input.count < 3 else { return nil }
      return .perPart(.init(data: 0))
    case let type where Self.elementwiseWithConstant.contains(type):
      guard x == y, node.input.count == 2, type != "PRelu" || data == 0,
        let slices = constantSlices(node, data: data, x: x, axis: axis)
      else { return nil }
      return .perPart(.init(data: data, slices: slices))
    case "BatchNormalization", "InstanceNormalization":
      let attributes = NodeAttributes(node)
      guard data == 0, axis == 1, x == y, attributes.integer("training_mode", default: 0) == 0,
        attributes.integer("spatial", default: 1) != 0, node.input.count > 1,
        node.input[1...].allSatisfy({ weights.isSliceable($0) && types[$0]?.shape == [x[1]] })
      else { return nil }
      return .perPart(
        .init(data: 0, slices: node.input.indices.dropFirst().map { .init(input: $0, axis: 0) }))
    case let type where Self.pools.contains(type):
      guard data == 0, axis == 1, x.rank >= 3, y.rank == x.rank, y[1] == x[1] else { return nil }
      return .perPart(.init(data: 0))
    case "Pad", "Slice":
      guard data == 0, y.rank == x.rank, y[axis] == x[axis], leavesAlone(node, axis: axis, rank: x.rank)
      else {
        return nil
      }
      return .perPart(.init(data: 0))
    default: return nil
    }
  }

  private func convolution(
    _ node: Onnx_NodeProto, data: Int, x: TensorShape, y: TensorShape, _ partition: TensorPartition
  ) -> PartitionRule? {
    guard data == 0, partition.axis == 1, node.input.count >= 2, weights.isSliceable(node.input[1]),
      let weight = types[node.input[1]]?.shape, weight.rank == x.rank, x.rank >= 3, y.rank == x.rank
    else { return nil }
    let groups = NodeAttributes(node).integer("group", default: 1)
    guard groups >= 1, groups <= x[1], weight[1] == x[1] / groups, weight[1] * groups == x[1],
      weight[0] % groups == 0, y[1] == weight[0]
    else { return nil }
    let bias = node.input.count > 2 && !node.input[2].isEmpty ? 2 : nil
    if groups == 1 { return .partialSum(.init(weight: .init(input: 1, axis: 1), bias: bias)) }
    guard partition.parts.allSatisfy({ $0.extent % weight[1] == 0 }) else { return nil }
    var slices = [PartitionRule.WeightSlice(input: 1, axis: 0)]
    if let bias {
      guard weights.isSliceable(node.input[bias]), types[node.input[bias]]?.shape == [weight[0]] else {
        return nil
      }
      slices.append(.init(input: bias, axis: 0))
    }
    return .perPart(
      .init(
        data: 0, slices: slices, channelsRead: weight[1], channelsWritten: weight[0] / groups, isGrouped: true
      ))
  }

  /// What to slice of the constant operand, nil if there is none or it does not follow the parts.
  private func constantSlices(_ node: Onnx_NodeProto, data: Int, x: TensorShape, axis: Int)
    -> [PartitionRule.WeightSlice]?
  {
    let attributes = NodeAttributes(node)
    let other = node.input[1 - data]
    guard !attributes.has("broadcast"), let shape = types[other]?.shape, weights.contains(other),
      !weights.isPacked(other), shape.rank <= x.rank
    else { return nil }
    // Tools write slopes of PRelu without trailing axes; which axis they mean is then not certain.
    if node.opType == "PRelu", shape.rank == 1, x.rank > 1, shape[0] != 1 { return nil }
    let aligned = axis - (x.rank - shape.rank)
    guard aligned >= 0, shape[aligned] != 1 else { return [] }
    guard shape[aligned] == x[axis], weights.isSliceable(other) else { return nil }
    return [.init(input: 1 - data, axis: aligned)]
  }

  /// Whether a Pad or Slice changes nothing along the axis, whatever its extent.
  private func leavesAlone(_ node: Onnx_NodeProto, axis: Int, rank: Int) -> Bool {
    let attributes = NodeAttributes(node)
    /// An argument by name before it became an input, else by position; nil where it is not a constant, [] where it
    /// is left out.
    func argument(_ name: String, _ position: Int) -> [Int]? {
      if attributes.has(name) { return attributes.integers(name) ?? [] }
      guard node.input.count > position, !node.input[position].isEmpty else { return [] }
      return weights.integers(node.input[position])
    }
    let isPad = node.opType == "Pad"
    guard let axes = argument("axes", 3), let first = argument(isPad ? "pads" : "starts", 1) else {
      return false
    }
    let count = isPad ? first.count / 2 : first.count
    let named = axes.isEmpty ? Array(0..<count) : axes.map { $0 < 0 ? $0 + rank : $0 }
    guard named.count == count, count > 0 else { return false }
    guard let place = named.firstIndex(of: axis) else { return true }
    if isPad { return first[place] == 0 && first[place + count] == 0 }
    guard let steps = argument("steps", 4) else { return false }
    // As many elements are left as there were, so a step forward leaves all of them in place.
    return steps.isEmpty || (steps.count == count && steps[place] > 0)
  }
}
