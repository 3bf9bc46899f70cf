import ComputationGraph
import Foundations

/// Operators on tensors of any rank.
extension OperatorFamily {
  func addGeneral(to builder: inout GraphBuilder, _ generator: inout SeededGenerator) throws -> TensorID {
    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    let rank = self == .resize ? 4 : draw(1...5)
    let shape = TensorShape((0..<rank).map { _ in draw(1...9) })
    let axis = draw(0...rank - 1)
    switch self {
    case .elementwise:
      let function = Self.functions.randomElement(using: &generator)!
      return try builder.add(.elementwise(function), [builder.input("x", shape: shape)])
    case .arithmetic:
      let kept = draw(0...rank)
      let other = TensorShape(shape.dimensions.suffix(kept).map { draw(0...2) == 0 ? 1 : $0 })
      // Divisors are weights near 1: random inputs come near 0.
      let function = ArithmeticFunction.allCases.randomElement(using: &generator)!
      let x = builder.input("x", shape: shape)
      let isWeight = function == .divide || draw(0...2) == 0
      let y = isWeight ? builder.weight("y", shape: other) : builder.input("y", shape: other)
      return try builder.add(
        .arithmetic(function), function == .divide || draw(0...1) == 0 ? [x, y] : [y, x])
    case .softmax: return try builder.add(.softmax(axis: axis), [builder.input("x", shape: shape)])
    case .mean:
      return try builder.add(
        .mean(axes: axis..<draw(axis + 1...rank)), [builder.input("x", shape: shape)])
    case .layerNormalization:
      let part = TensorShape(Array(shape.dimensions[axis...]))
      var inputs = [builder.input("x", shape: shape), builder.weight("scale", shape: part)]
      if draw(0...2) > 0 { inputs.append(builder.weight("shift", shape: part)) }
      // A row of few, nearly equal elements has digits of its mean only.
      return try builder.add(.layerNormalization(axis: axis, epsilon: 0.1), inputs)
    case .matrixProduct:
      let (m, n, k) = (draw(1...12), draw(1...12), draw(1...12))
      let leading = (0..<draw(0...2)).map { _ in draw(1...4) }
      let own = draw(0...2) == 0 ? leading : leading.map { draw(0...1) == 0 ? 1 : $0 }
      let a = builder.input("a", shape: TensorShape(leading + [m, k]))
      let shape = TensorShape(own.suffix(draw(0...own.count)) + [k, n])
      let b = draw(0...1) == 0 ? builder.weight("b", shape: shape) : builder.input("b", shape: shape)
      return try builder.add(.matrixProduct, [a, b])
    case .reshape:
      return try builder.add(
        .reshape(TensorShape([shape.elementCount, 1] + shape.dimensions.filter { $0 == 1 })),
        [builder.input("x", shape: shape)])
    case .transpose:
      return try builder.add(
        .transpose(permutation: Array(0..<rank).shuffled(using: &generator)),
        [builder.input("x", shape: shape)])
    case .slice:
      let starts = shape.dimensions.map { draw(0...$0 - 1) }
      let steps = shape.dimensions.map { _ in draw(1...3) }
      let extents = shape.dimensions.indices.map { draw(1...((shape[$0] - starts[$0] - 1) / steps[$0] + 1)) }
      return try builder.add(
        .slice(starts: starts, extents: extents, steps: steps), [builder.input("x", shape: shape)])
    case .pad:
      let amounts = (0..<2).map { _ in shape.dimensions.map { _ in draw(-2...3) } }
      return try builder.add(
        .pad(before: amounts[0], after: amounts[1], value: 0.5), [builder.input("x", shape: shape)])
    case .gather:
      return try builder.add(
        .gather(axis: axis),
        [builder.input("x", shape: shape), builder.weight("indices", shape: [draw(1...12)])])
    default:
      let size = Size2D(height: draw(1...20), width: draw(1...20))
      let rounding = Resampling.Rounding.allCases.randomElement(using: &generator)!
      return try builder.add(
        .resize(
          Resampling(
            mode: draw(0...1) == 0 ? .linear : .nearest(rounding),
            coordinates: Resampling.Coordinates.allCases.randomElement(using: &generator)!, size: size,
            rowScale: Float(size.height) / Float(shape[2]), columnScale: Float(size.width) / Float(shape[3]))),
        [builder.input("x", shape: shape)])
    }
  }

  private static let functions: [ElementwiseFunction] = [
    .clip(minimum: -0.25, maximum: 0.5), .clip(minimum: -.infinity, maximum: 0.1), .leakyRelu(slope: 0.1),
    .sigmoid, .hardSigmoid(slope: 0.3, offset: 0.4), .hardSwish, .silu, .erf, .gelu,
  ]
}
