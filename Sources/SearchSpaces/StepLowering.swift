import ComputationGraph

/// Adds steps to a graph under readable names.
struct StepLowering {
  var builder: GraphBuilder
  /// Results of steps without parameters, so that equal steps of one tensor become one operator.
  private var shared: [Shared: TensorID] = [:]

  /// Names of results, by which a ReLU is called: several edges may share it.
  private var names: [TensorID: String] = [:]

  private struct Shared: Hashable {
    let input: TensorID
    let kind: OperatorKind
  }

  init(name: String) { builder = GraphBuilder(name: name) }

  /// Adds steps one after the other and returns the last result; `x` itself if there are none.
  ///
  /// - Parameters:
  ///   - width: channels that a convolution without expansion produces.
  ///   - edgeStride: the stride of steps that take their edge's.
  ///   - prefix: the beginning of all operator names; repeated kinds are numbered.
  mutating func add(_ steps: [Step], to x: TensorID, width: Int, edgeStride: Int, prefix: String)
    throws(GraphError) -> TensorID
  {
    var totals: [String: Int] = [:]
    for step in steps { totals[step.keyword, default: 0] += 1 }
    var seen: [String: Int] = [:]
    var result = x
    for step in steps {
      let number = seen[step.keyword, default: 0]
      seen[step.keyword] = number + 1
      let suffix = totals[step.keyword]! > 1 ? "\(step.keyword)\(number)" : step.keyword
      let name = step == .relu ? names[result].map { "\($0).relu" } : nil
      result = try add(
        step, to: result, width: width, edgeStride: edgeStride, name: name ?? "\(prefix).\(suffix)")
    }
    return result
  }

  /// The sum of several tensors as a chain of sums of two, so that a scheduler may add up each result as it comes.
  mutating func sum(_ terms: [TensorID], name: String) throws(GraphError) -> TensorID {
    var total = terms[0]
    for (index, term) in terms.dropFirst().enumerated() {
      total = try add(
        .add(activation: .none), [total, term], name: terms.count == 2 ? name : "\(name).add\(index)")
    }
    return total
  }

  /// Adds one operator without parameters.
  mutating func add(_ kind: OperatorKind, _ inputs: [TensorID], name: String) throws(GraphError) -> TensorID {
    let result = try builder.add(kind, inputs, name: name)
    names[result] = name
    return result
  }

  private mutating func add(_ step: Step, to x: TensorID, width: Int, edgeStride: Int, name: String)
    throws(GraphError) -> TensorID
  {
    switch step {
    case .relu: return try share(.relu, x, name: name)
    case .batchNorm:
      let result = try builder.batchNormalization(x, name: name)
      names[result] = name
      return result
    case .convolution(let window, let groups, let expansion):
      return try convolution(
        x, outputChannels: width * expansion, window.window(edgeStride: edgeStride), groups: groups,
        name: name)
    case .depthwise(let window):
      let channels = builder.shape(of: x)[1]
      return try builder.convolution(
        x, outputChannels: channels, window: window.window(edgeStride: edgeStride), groups: channels,
        name: name)
    case .maxPool(let window):
      return try share(.maxPool(window: window.window(edgeStride: edgeStride)), x, name: name)
    case .averagePool(let window, let countsPadding):
      return try share(
        .averagePool(window: window.window(edgeStride: edgeStride), countsPadding: countsPadding), x,
        name: name)
    }
  }

  private mutating func convolution(
    _ x: TensorID, outputChannels: Int, _ window: Window2D, groups: Int, name: String
  ) throws(GraphError) -> TensorID {
    let result = try builder.convolution(
      x, outputChannels: outputChannels, window: window, groups: groups, name: name)
    names[result] = name
    return result
  }

  private mutating func share(_ kind: OperatorKind, _ x: TensorID, name: String) throws(GraphError)
    -> TensorID
  {
    let key = Shared(input: x, kind: kind)
    if let existing = shared[key] { return existing }
    let result = try add(kind, [x], name: name)
    shared[key] = result
    return result
  }
}
