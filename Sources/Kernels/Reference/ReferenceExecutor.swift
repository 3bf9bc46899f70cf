import ComputationGraph

/// Computes a graph with plain loops, one operator after the other, every tensor in an array of its own.
///
/// It is what the kernels are checked against and shares no code with them: no BLAS, no tiles, no arena. Sums are
/// kept in double precision. Any batch size, training form (batch norm by its running statistics) or inference form.
public enum ReferenceExecutor {
  /// All activations of the graph, inputs included.
  ///
  /// - Parameters:
  ///   - weights: values for every weight of `graph`.
  ///   - inputs: values for every graph input, row-major.
  /// - Precondition: every operator is executable, every tensor float32, and the values fit the shapes.
  /// - Complexity: the multiply–accumulates of the graph, without any blocking: for tests.
  public static func run(graph: Graph, weights: WeightValues, inputs: [TensorID: [Float]]) -> [TensorID:
    [Float]]
  {
    var values: [TensorID: [Float]] = [:]
    for id in graph.inputs {
      guard let given = inputs[id], given.count == graph[id].shape.elementCount else {
        preconditionFailure("no values, or the wrong number, for input '\(graph[id].name)'")
      }
      values[id] = given
    }
    for id in graph.weights {
      guard let given = weights[graph[id].name], given.count == graph[id].shape.elementCount else {
        preconditionFailure("no values, or the wrong number, for weight '\(graph[id].name)'")
      }
      values[id] = given
    }
    for id in graph.kahnOrder() {
      let node = graph[id]
      let arguments = node.inputs.map { ReferenceTensor(shape: graph[$0].shape, values: values[$0]!) }
      let result = compute(node, arguments, outputShape: graph[node.outputs[0]].shape)
      values[node.outputs[0]] = result.values
    }
    return values.filter { graph[$0.key].role == .activation }
  }

  private static func compute(_ node: Operator, _ x: [ReferenceTensor], outputShape: TensorShape)
    -> ReferenceTensor
  {
    var y = ReferenceTensor(shape: outputShape)
    switch node.kind {
    case .convolution(let window, let groups, let before, let after):
      convolve(
        x[0].applying(before), weight: x[1], bias: x.count > 2 ? x[2] : nil, window: window, groups: groups,
        into: &y)
      if node.addend != nil { for index in y.values.indices { y.values[index] += x[3].values[index] } }
      return y.applying(after)
    case .batchNormalization(let epsilon, let after):
      normalize(x[0], scale: x[1], shift: x[2], mean: x[3], variance: x[4], epsilon: epsilon, into: &y)
      return y.applying(after)
    case .relu: return x[0].applying(.relu)
    case .maxPool(let window): maximum(x[0], window: window, into: &y)
    case .averagePool(let window, let countsPadding):
      average(x[0], window: window, countsPadding: countsPadding, into: &y)
    case .globalAveragePool: globalAverage(x[0], into: &y)
    case .add(let after):
      for index in y.values.indices { y.values[index] = x.reduce(0) { $0 + $1.values[index] } }
      return y.applying(after)
    case .concat(let axis): concatenate(x, axis: axis, into: &y)
    case .flatten, .identity, .reshape, .layoutConversion: y.values = x[0].values
    case .fullyConnected: connect(x[0], weight: x[1], bias: x.count > 2 ? x[2] : nil, into: &y)
    case .elementwise(let function): y.values = x[0].values.map { value(of: function, $0) }
    case .arithmetic(let function): combine(x[0], x[1], by: function, into: &y)
    case .softmax(let axis): softmax(x[0], axis: axis, into: &y)
    case .mean(let axes): mean(x[0], axes: axes, into: &y)
    case .layerNormalization(let axis, let epsilon):
      normalizeRows(
        x[0], scale: x[1], shift: x.count > 2 ? x[2] : nil, axis: axis, epsilon: epsilon, into: &y)
    case .matrixProduct: multiply(x[0], x[1], into: &y)
    case .transpose(let permutation):
      fill(&y) { index in
        var source = [Int](repeating: 0, count: index.count)
        for (axis, from) in permutation.enumerated() { source[from] = index[axis] }
        return x[0][source]
      }
    case .slice(let starts, _, let steps):
      fill(&y) { index in x[0][index.indices.map { starts[$0] + index[$0] * steps[$0] }] }
    case .pad(let before, _, let value):
      fill(&y) { index in
        let source = index.indices.map { index[$0] - before[$0] }
        let isInside = source.indices.allSatisfy { source[$0] >= 0 && source[$0] < x[0].shape[$0] }
        return isInside ? x[0][source] : value
      }
    case .gather(let axis):
      fill(&y) { index in
        var source = index
        let wanted = x[1].values[index[axis]]
        source[axis] = wanted.isNaN ? 0 : Int(max(0, min(wanted, Float(x[0].shape[axis] - 1))))
        return x[0][source]
      }
    case .resize(let resampling): resize(x[0], resampling, into: &y)
    case .opaque(let type): preconditionFailure("operator '\(node.name)' (\(type)) can only be scheduled")
    }
    return y
  }
}

/// Values with their shape.
struct ReferenceTensor {
  let shape: TensorShape
  var values: [Float]

  init(shape: TensorShape, values: [Float]? = nil) {
    self.shape = shape
    self.values = values ?? [Float](repeating: 0, count: shape.elementCount)
  }

  /// The element at an index of four dimensions.
  subscript(n: Int, c: Int, h: Int, w: Int) -> Float {
    get { values[((n * shape[1] + c) * shape[2] + h) * shape[3] + w] }
    set { values[((n * shape[1] + c) * shape[2] + h) * shape[3] + w] = newValue }
  }

  /// The element at an index of any rank.
  subscript(index: [Int]) -> Float {
    get { values[position(of: index)] }
    set { values[position(of: index)] = newValue }
  }

  private func position(of index: [Int]) -> Int {
    zip(index, shape.dimensions).reduce(0) { $0 * $1.1 + $1.0 }
  }

  func applying(_ activation: Activation) -> ReferenceTensor {
    let function: ElementwiseFunction
    switch activation {
    case .none: return self
    case .relu: function = .clip(minimum: 0, maximum: .infinity)
    case .relu6: function = .clip(minimum: 0, maximum: 6)
    case .hardSwish: function = .hardSwish
    case .silu: function = .silu
    }
    return ReferenceTensor(
      shape: shape, values: values.map { ReferenceExecutor.value(of: function, $0) })
  }
}
