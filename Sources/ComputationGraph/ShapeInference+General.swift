/// Kinds for tensors of any rank.
extension ShapeInference {
  /// The shape of what is computed from one activation, and perhaps from weights.
  static func shapeOfOne(_ kind: OperatorKind, name: String, inputs: [TensorShape]) throws(GraphError)
    -> TensorShape
  {
    let x = inputs[0]
    func expect(_ condition: Bool, _ reason: @autoclosure () -> String) throws(GraphError) {
      if !condition { throw .invalidOperator(name: name, reason: reason()) }
    }
    if case .layerNormalization(let axis, _) = kind {
      try expect((0..<x.rank).contains(axis), "no axis \(axis) in \(x)")
      let normalised = TensorShape(Array(x.dimensions[axis...]))
      try expect(
        (2...3).contains(inputs.count) && inputs[1...].allSatisfy { $0 == normalised },
        "expected x, a scale and perhaps a shift of \(normalised)")
      return x
    }
    try expect(inputs.count == 1, "expected one input")
    switch kind {
    case .softmax(let axis): try expect((0..<x.rank).contains(axis), "no axis \(axis) in \(x)")
    case .mean(let axes):
      try expect(
        !axes.isEmpty && axes.lowerBound >= 0 && axes.upperBound <= x.rank, "no axes \(axes) in \(x)")
      return TensorShape(x.dimensions.enumerated().map { axes.contains($0) ? 1 : $1 })
    case .transpose(let permutation):
      try expect(
        permutation.sorted() == Array(0..<x.rank), "\(permutation) does not name each axis of \(x) once")
      return TensorShape(permutation.map { x[$0] })
    case .slice(let starts, let extents, let steps):
      try expect(
        [starts, extents, steps].allSatisfy { $0.count == x.rank }, "one range for each axis of \(x)")
      for axis in 0..<x.rank {
        let (reach, overflow) = steps[axis].multipliedReportingOverflow(by: extents[axis] - 1)
        try expect(
          starts[axis] >= 0 && steps[axis] > 0 && extents[axis] > 0 && !overflow
            && reach < x[axis] - min(starts[axis], x[axis]), "axis \(axis) of \(x) is left by the slice")
      }
      return TensorShape(extents)
    case .pad(let before, let after, _):
      try expect(before.count == x.rank && after.count == x.rank, "two amounts for each axis of \(x)")
      var extents: [Int] = []
      for axis in 0..<x.rank {
        let (sum, tooFar) = x[axis].addingReportingOverflow(before[axis])
        let (extent, tooLarge) = sum.addingReportingOverflow(after[axis])
        try expect(
          !tooFar && !tooLarge && extent > 0 && before[axis] > -x[axis] && after[axis] > -x[axis],
          "axis \(axis) of \(x) cannot be padded by \(before[axis]) and \(after[axis])")
        extents.append(extent)
      }
      return TensorShape(extents)
    case .resize(let resampling):
      let size = resampling.size
      try expect(x.rank == 4, "expected an image N×C×H×W, found \(x)")
      try expect(
        size.height > 0 && size.width > 0 && resampling.rowScale > 0 && resampling.rowScale.isFinite
          && resampling.columnScale > 0 && resampling.columnScale.isFinite,
        "sizes and scales must be positive")
      return [x[0], x[1], size.height, size.width]
    default: break
    }
    return x
  }

  /// The shape of what is computed from two tensors.
  static func shapeOfTwo(_ kind: OperatorKind, name: String, inputs: [TensorShape]) throws(GraphError)
    -> TensorShape
  {
    func fail(_ reason: String) -> GraphError { .invalidOperator(name: name, reason: reason) }
    guard inputs.count == 2 else { throw fail("expected two inputs") }
    let (a, b) = (inputs[0], inputs[1])
    switch kind {
    case .gather(let axis):
      guard (0..<a.rank).contains(axis), b.rank == 1, b[0] > 0 else {
        throw fail("indices of \(b) do not fit axis \(axis) of \(a)")
      }
      return TensorShape(a.dimensions.enumerated().map { $0 == axis ? b[0] : $1 })
    case .matrixProduct:
      guard a.rank >= 2, b.rank >= 2, a[a.rank - 1] == b[b.rank - 2],
        let leading = TensorShape(Array(a.dimensions.dropLast(2))).broadcast(
          with: TensorShape(Array(b.dimensions.dropLast(2))))
      else { throw fail("\(a) cannot be multiplied by \(b)") }
      return TensorShape(leading.dimensions + [a[a.rank - 2], b[b.rank - 1]])
    default:
      guard let common = a.broadcast(with: b) else { throw fail("\(a) and \(b) fit no common shape") }
      return common
    }
  }
}
