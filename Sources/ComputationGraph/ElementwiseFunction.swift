/// A function of one number that an operator applies to every element. What is not a number stays so.
public enum ElementwiseFunction: Hashable, Sendable {
  /// min(max(x, minimum), maximum); either bound may be infinite.
  case clip(minimum: Float, maximum: Float)
  /// x where it is positive, slope · x elsewhere.
  case leakyRelu(slope: Float)
  /// 1 / (1 + e^−x).
  case sigmoid
  /// min(max(slope · x + offset, 0), 1).
  case hardSigmoid(slope: Float, offset: Float)
  /// x · min(max(x + 3, 0), 6) / 6.
  case hardSwish
  /// x / (1 + e^−x), also called swish.
  case silu
  /// 2 / √π · ∫₀ˣ e^−t² dt.
  case erf
  /// x · (1 + erf(x / √2)) / 2.
  case gelu

  /// The ONNX type of the node that writes the result; some functions take two nodes.
  var typeName: String {
    switch self {
    case .clip: "Clip"
    case .leakyRelu: "LeakyRelu"
    case .sigmoid: "Sigmoid"
    case .hardSigmoid: "HardSigmoid"
    case .hardSwish, .silu: "Mul"
    case .erf: "Erf"
    case .gelu: "Gelu"
    }
  }

  /// The same function as an activation that a neighbour can apply; nil where there is none.
  public var activation: Activation? {
    switch self {
    case .clip(0, 6): .relu6
    case .clip(0, .infinity): .relu
    case .hardSwish: .hardSwish
    case .silu: .silu
    default: nil
    }
  }
}

/// A function of two numbers that an operator applies element by element.
public enum ArithmeticFunction: String, Hashable, Sendable, CaseIterable {
  /// a + b.
  case add
  /// a − b.
  case subtract
  /// a · b.
  case multiply
  /// a / b.
  case divide

  /// The ONNX operator type.
  var typeName: String {
    switch self {
    case .add: "Add"
    case .subtract: "Sub"
    case .multiply: "Mul"
    case .divide: "Div"
    }
  }
}
