/// The shapes that executable operators produce.
public enum ShapeInference {
  /// The shape of the single output of an executable operator.
  ///
  /// - Parameters:
  ///   - kind: any kind but `opaque`.
  ///   - name: the operator's name, for errors.
  ///   - inputs: shapes of all inputs, weights included, in the order of the kind's documentation.
  /// - Throws: ``GraphError/invalidOperator(name:reason:)``.
  public static func outputShape(of kind: OperatorKind, name: String, inputs: [TensorShape])
    throws(GraphError) -> TensorShape
  {
    func fail(_ reason: String) -> GraphError { .invalidOperator(name: name, reason: reason) }
    func expect(_ condition: Bool, _ reason: @autoclosure () -> String) throws(GraphError) {
      if !condition { throw fail(reason()) }
    }
    try expect(!inputs.isEmpty, "no inputs")
    let x = inputs[0]
    func spatial(_ window: Window2D) throws(GraphError) -> Size2D {
      try expect(x.rank == 4, "expected an image N×C×H×W, found \(x)")
      guard let size = window.outputSize(height: x[2], width: x[3]) else {
        throw fail("the window does not fit an image of \(x[2])×\(x[3])")
      }
      return size
    }
    switch kind {
    case .convolution(let window, let groups, let before, _):
      try expect(before == .none || before == .relu, "\(before.rawValue) is not applied to inputs")
      let size = try spatial(window)
      try expect((2...4).contains(inputs.count), "expected x, weight and perhaps bias and addend")
      let weight = inputs[1]
      try expect(
        groups > 0 && weight.rank == 4 && x[1] % groups == 0 && weight[0] % groups == 0
          && weight.dimensions[1...] == [x[1] / groups, window.kernel.height, window.kernel.width],
        "weight \(weight) does not fit \(x[1]) channels in \(groups) groups and the kernel")
      try expect(inputs.count == 2 || inputs[2] == [weight[0]], "bias does not fit the output channels")
      let result: TensorShape = [x[0], weight[0], size.height, size.width]
      if inputs.count == 4 {
        try expect(groups == 1, "nothing is added to a convolution of \(groups) groups")
        try expect(inputs[3] == result, "the addend \(inputs[3]) has not the shape of the result, \(result)")
      }
      return result
    case .batchNormalization:
      try expect(
        inputs.count == 5 && x.rank >= 2 && inputs[1...].allSatisfy { $0 == [x[1]] },
        "expected x and four vectors of its channel count")
      return x
    case .relu, .identity, .layoutConversion:
      try expect(inputs.count == 1, "expected one input")
      return x
    case .maxPool(let window), .averagePool(let window, _):
      let size = try spatial(window)
      try expect(inputs.count == 1, "expected one input")
      let reach = Size2D(
        height: window.dilation.height * (window.kernel.height - 1) + 1,
        width: window.dilation.width * (window.kernel.width - 1) + 1)
      try expect(
        max(window.padding.top, window.padding.bottom) < reach.height
          && max(window.padding.left, window.padding.right) < reach.width,
        "padding as large as the window")
      return [x[0], x[1], size.height, size.width]
    case .globalAveragePool:
      try expect(inputs.count == 1 && x.rank == 4, "expected one image N×C×H×W")
      return [x[0], x[1], 1, 1]
    case .add:
      try expect(
        inputs.count >= 2 && inputs.allSatisfy { $0 == x }, "expected two or more inputs of one shape")
      return x
    case .concat(let axis):
      try expect(axis >= 0 && axis < x.rank, "no axis \(axis) in \(x)")
      for other in inputs {
        try expect(
          other.rank == x.rank && (0..<x.rank).allSatisfy { $0 == axis || other[$0] == x[$0] },
          "inputs \(x) and \(other) differ outside axis \(axis)")
      }
      var dimensions = x.dimensions
      var extent = 0
      for other in inputs {
        let (sum, overflow) = extent.addingReportingOverflow(other[axis])
        if overflow { throw fail("the concatenated axis overflows") }
        extent = sum
      }
      dimensions[axis] = extent
      return TensorShape(dimensions)
    case .flatten:
      try expect(inputs.count == 1 && x.rank >= 1, "expected one input with a batch dimension")
      guard let rest = TensorShape(Array(x.dimensions.dropFirst())).checkedElementCount else {
        throw fail("the flattened size overflows")
      }
      return [x[0], rest]
    case .fullyConnected:
      try expect(
        (inputs.count == 2 || inputs.count == 3) && x.rank == 2 && inputs[1].rank == 2
          && inputs[1][1] == x[1],
        "weight does not fit \(x)")
      try expect(inputs.count == 2 || inputs[2] == [inputs[1][0]], "bias does not fit the outputs")
      return [x[0], inputs[1][0]]
    case .elementwise, .softmax, .layerNormalization, .mean, .transpose, .slice, .pad, .resize:
      return try shapeOfOne(kind, name: name, inputs: inputs)
    case .arithmetic, .matrixProduct, .gather:
      return try shapeOfTwo(kind, name: name, inputs: inputs)
    case .reshape(let shape):
      guard inputs.count == 1, let count = shape.checkedElementCount, count == x.checkedElementCount else {
        throw fail("\(x) has not the elements of \(shape)")
      }
      return shape
    case .opaque(let type):
      throw fail("shapes of \(type) are not inferred")
    }
  }
}
