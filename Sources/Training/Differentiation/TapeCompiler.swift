import ComputationGraph

/// Turns the operators of a graph into the nodes of a ``TrainingTape``.
struct TapeCompiler {
  private(set) var nodes: [any TapeNode] = []
  private(set) var parameters = ParameterLayout()
  private(set) var packedCount = 0
  private(set) var requiresGradient: [Bool] = []
  let image: ActivationValue

  private let graph: Graph
  private let algorithm: ConvolutionAlgorithm
  private let kernels: KernelTable
  private let plan: FusionPlan
  /// Where each tensor is, once it is computed.
  private var values: [TensorID: ActivationValue] = [:]
  /// Convolutions that are computed by a node of several.
  private var finished: Set<OperatorID> = []

  init(
    _ graph: Graph, algorithm: ConvolutionAlgorithm, kernels: KernelTable, needsInputGradient: Bool
  ) throws(TrainingError) {
    guard graph.inputs.count == 1, graph.outputs.count == 1 else {
      throw .unsupportedGraph(
        reason: "expected one input and one output, found \(graph.inputs.count) and \(graph.outputs.count)")
    }
    let shape = graph[graph.inputs[0]].shape
    guard shape.rank == 4, shape[0] == 1, shape.elementCount > 0 else {
      throw .unsupportedGraph(reason: "expected an input of 1×C×H×W, found \(shape)")
    }
    if let tensor = graph.tensors.first(where: { $0.elementType != .float32 }) {
      throw .unsupportedGraph(reason: "tensor '\(tensor.name)' is of type \(tensor.elementType), not float32")
    }
    self.graph = graph
    self.algorithm = algorithm
    self.kernels = kernels
    plan = try FusionPlan(graph)
    image = ActivationValue(storage: 0, channels: shape[1], rows: shape[2], columns: shape[3])
    requiresGradient = [needsInputGradient]
    values[graph.inputs[0]] = image
  }

  /// The graph's output, which must be a vector.
  func logits() throws(TrainingError) -> ActivationValue {
    guard let value = values[graph.outputs[0]], graph[graph.outputs[0]].shape.rank == 2 else {
      throw .unsupportedGraph(
        reason: "expected an output of 1×classes, found \(graph[graph.outputs[0]].shape)")
    }
    guard requiresGradient[value.storage] else {
      throw .unsupportedGraph(reason: "the output depends on no trainable weight")
    }
    return value
  }

  mutating func compile() throws(TrainingError) {
    for id in graph.kahnOrder() where plan.isNeeded(id) && !finished.contains(id) {
      let node = graph[id]
      switch node.kind {
      case .convolution(let window, let groups, .none, .none) where node.addend == nil:
        try addConvolution(id, window: window, groups: groups)
      case .convolution:
        throw .unsupportedOperator(
          name: node.name, reason: "activations and sums must be operators of their own")
      case .fullyConnected:
        try addConvolution(id, window: Window2D(kernel: Size2D(1)), groups: 1)
      case .batchNormalization(_, .none), .batchNormalization(_, .relu), .relu, .add(.none), .add(.relu):
        try addCombination(id)
      case .batchNormalization(_, let activation), .add(let activation):
        throw .unsupportedOperator(name: node.name, reason: "\(activation.rawValue) has no gradient")
      case .maxPool(let window): addPool(node, window, .maximum)
      case .averagePool(let window, let counts): addPool(node, window, .average(countsPadding: counts))
      case .globalAveragePool:
        let input = value(node.inputs[0])
        let output = newValue(node.outputs[0], requiresGradient: requiresGradient[input.storage])
        nodes.append(GlobalAverageNode(input: input, output: output))
      case .concat(let axis):
        guard axis == 1 else {
          throw .unsupportedOperator(
            name: node.name, reason: "only channels can be concatenated, not axis \(axis)")
        }
        let inputs = node.inputs.map { value($0) }
        let required = inputs.contains { requiresGradient[$0.storage] }
        nodes.append(
          ConcatenationNode(inputs: inputs, output: newValue(node.outputs[0], requiresGradient: required)))
      case .identity: values[node.outputs[0]] = value(node.inputs[0])
      case .flatten:
        let input = value(node.inputs[0])
        values[node.outputs[0]] = ActivationValue(
          storage: input.storage, channels: input.channels * input.pixels, rows: 1, columns: 1)
      case .layoutConversion:
        throw .unsupportedOperator(name: node.name, reason: "images are trained in NCHW")
      case .elementwise, .arithmetic, .softmax, .mean, .layerNormalization, .matrixProduct, .reshape,
        .transpose, .slice, .pad, .gather, .resize:
        throw .unsupportedOperator(
          name: node.name, reason: "operators of type \(node.kind.typeName) have no gradient")
      case .opaque(let type):
        throw .unsupportedOperator(name: node.name, reason: "operators of type \(type) have no gradient")
      }
    }
  }

  private func value(_ id: TensorID) -> ActivationValue {
    guard let value = values[id] else {
      preconditionFailure("\(graph[id].name) is read before it is computed")
    }
    return value
  }

  private mutating func newValue(_ id: TensorID, requiresGradient required: Bool) -> ActivationValue {
    let shape = graph[id].shape
    let isImage = shape.rank == 4
    let value = ActivationValue(
      storage: requiresGradient.count, channels: shape[1], rows: isImage ? shape[2] : 1,
      columns: isImage ? shape[3] : 1)
    requiresGradient.append(required)
    values[id] = value
    return value
  }

  private mutating func addPool(_ node: Operator, _ window: Window2D, _ reduction: PoolNode.Reduction) {
    let input = value(node.inputs[0])
    let output = newValue(node.outputs[0], requiresGradient: requiresGradient[input.storage])
    nodes.append(PoolNode(window: window, reduction: reduction, input: input, output: output))
  }

  private mutating func addConvolution(_ id: OperatorID, window: Window2D, groups: Int)
    throws(TrainingError)
  {
    let node = graph[id]
    let geometry = try geometry(node, window: window, groups: groups)
    let hasBias = node.inputs.count == 3
    if algorithm == .microkernels, WinogradConvolutionNode.applies(to: geometry, hasBias: hasBias) {
      finished.insert(id)
      try addWinogradConvolution(first: geometry, node, window: window)
      return
    }
    let weight = parameters.offset(of: graph[node.inputs[1]], decays: true)
    let bias = hasBias ? parameters.offset(of: graph[node.inputs[2]], decays: false) : nil
    switch algorithm {
    case .blas:
      nodes.append(BLASConvolutionNode(geometry: geometry, weightOffset: weight, biasOffset: bias))
    case .microkernels:
      nodes.append(
        DirectConvolutionNode(
          geometry: geometry, weightOffset: weight, biasOffset: bias, packedOffset: packedCount,
          kernels: kernels))
      packedCount += DirectConvolutionNode.packedCount(geometry)
    }
  }

  private mutating func geometry(_ node: Operator, window: Window2D, groups: Int) throws(TrainingError)
    -> ConvolutionGeometry
  {
    for id in node.inputs.dropFirst() where graph[id].role != .weight {
      throw .unsupportedOperator(name: node.name, reason: "its weights are computed by another operator")
    }
    return ConvolutionGeometry(
      window: window, groups: groups, input: value(node.inputs[0]),
      output: newValue(node.outputs[0], requiresGradient: true))
  }

  /// Adds a convolution together with all others of the same kind that read the same value.
  private mutating func addWinogradConvolution(first: ConvolutionGeometry, _ node: Operator, window: Window2D)
    throws(TrainingError)
  {
    var outputs = [first.output]
    var weights = [parameters.offset(of: graph[node.inputs[1]], decays: true)]
    for tensor in values.filter({ $0.value == first.input }).keys.sorted(by: { $0.index < $1.index }) {
      for id in graph.readers[tensor.index] where plan.isNeeded(id) && !finished.contains(id) {
        let sibling = graph[id]
        guard case .convolution(window, 1, .none, .none) = sibling.kind,
          sibling.inputs.count == 2, sibling.inputs[0] == tensor,
          graph[sibling.outputs[0]].shape[1] >= 8
        else { continue }
        outputs.append(try geometry(sibling, window: window, groups: 1).output)
        weights.append(parameters.offset(of: graph[sibling.inputs[1]], decays: true))
        finished.insert(id)
      }
    }
    let combined = WinogradConvolutionNode(
      input: first.input, outputs: outputs, weightOffsets: weights, packedOffset: packedCount,
      kernels: kernels)
    packedCount += combined.packedCount
    nodes.append(combined)
  }

  /// Adds the node of a batch norm, sum or ReLU, unless another node computes it as well.
  private mutating func addCombination(_ id: OperatorID) throws(TrainingError) {
    guard let root = plan.combination(rootedAt: id) else { return }
    var terms: [CombineNode.Term] = []
    for term in root.terms {
      let input = value(term.input)
      var norm: CombineNode.BatchNorm?
      if let source = term.batchNormalization {
        norm = try batchNorm(graph[source], pixels: input.pixels)
      }
      terms.append(CombineNode.Term(value: input, norm: norm, target: nil))
    }
    let required = terms.contains { $0.norm != nil || requiresGradient[$0.value.storage] }
    let plain = root.plain.map { newValue($0, requiresGradient: required) }
    var rectified: ActivationValue?
    for tensor in root.rectified {
      if let rectified {
        values[tensor] = rectified
      } else {
        rectified = newValue(tensor, requiresGradient: required)
      }
    }
    nodes.append(CombineNode(terms: terms, plain: plain, rectified: rectified))
  }

  private mutating func batchNorm(_ node: Operator, pixels: Int) throws(TrainingError)
    -> CombineNode.BatchNorm
  {
    guard case .batchNormalization(let epsilon, _) = node.kind else {
      preconditionFailure("\(node.name) is not a batch norm")
    }
    let tensors = node.inputs.dropFirst().map { graph[$0] }
    guard tensors.allSatisfy({ $0.role == .weight }) else {
      throw .unsupportedOperator(name: node.name, reason: "its weights are computed by another operator")
    }
    return CombineNode.BatchNorm(
      scaleOffset: parameters.offset(of: tensors[0], decays: false),
      shiftOffset: parameters.offset(of: tensors[1], decays: false),
      statisticsOffset: parameters.addStatistics(
        mean: tensors[2], variance: tensors[3], samples: pixels * ActivationValue.lanes),
      epsilon: epsilon)
  }
}
