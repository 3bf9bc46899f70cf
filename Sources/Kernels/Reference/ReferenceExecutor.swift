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
    case .flatten, .identity, .layoutConversion: y.values = x[0].values
    case .fullyConnected: connect(x[0], weight: x[1], bias: x.count > 2 ? x[2] : nil, into: &y)
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

  func applying(_ activation: Activation) -> ReferenceTensor {
    switch activation {
    case .none: self
    case .relu: ReferenceTensor(shape: shape, values: values.map { $0 < 0 ? 0 : $0 })
    }
  }
}
