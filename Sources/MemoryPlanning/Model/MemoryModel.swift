import ComputationGraph

/// The rules by which memory is counted.
///
/// The default is the model of every figure that Tandem reports: views share their input's storage, element-wise
/// operators overwrite an input that dies, and each kernel's scratch memory counts while it runs.
public struct MemoryModel: Sendable, Hashable {
  /// Which of its inputs an element-wise operator may overwrite.
  public enum InPlaceOperand: Sendable, Hashable {
    /// Any that has its output's size and type: the first of those that die at it.
    case any
    /// Only the first activation that has its output's size and type; if that one lives on, none.
    case firstOfEqualSize
  }

  /// Whether an element-wise operator may overwrite an input of its output's size and type that dies at it.
  public var inPlace: Bool
  /// Which input that may be.
  public var inPlaceOperand: InPlaceOperand
  /// Whether the result of an operator such as Reshape shares its first input's storage.
  public var views: Bool
  /// Scratch bytes of each operator's kernel, by operator index; empty if none needs any.
  public var workspaceBytes: [Int]
  /// The Concats that copy nothing, because their inputs are written one behind the other from the start: the
  /// result is a view of several storages, each of which lives until nobody needs it or the result any more. A
  /// storage that is part of such a result is never overwritten.
  ///
  /// Which Concats may be elided, alone and together, says ``ConcatElision``.
  public var elidedConcats: Set<OperatorID>

  /// Creates a model.
  public init(
    inPlace: Bool = true, views: Bool = true, workspaceBytes: [Int] = [],
    inPlaceOperand: InPlaceOperand = .any, elidedConcats: Set<OperatorID> = []
  ) {
    self.inPlace = inPlace
    self.inPlaceOperand = inPlaceOperand
    self.views = views
    self.workspaceBytes = workspaceBytes
    self.elidedConcats = elidedConcats
  }

  /// The model by which the published results of HMCOS (Wang et al., "Hierarchical Memory-Constrained Operator
  /// Scheduling of Neural Architecture Search Networks", DAC 2022, doi:10.1145/3489517.3530472) are counted: in
  /// place onto the first operand of equal size only.
  public static let hmcos = MemoryModel(inPlaceOperand: .firstOfEqualSize)

  /// The operator types (ONNX names) whose first output is its first input under another shape.
  public static let viewTypes: Set<String> = [
    "Reshape", "Flatten", "Identity", "Squeeze", "Unsqueeze", "Dropout",
  ]

  /// The operator types (ONNX names) that compute each element of their first output from the elements at the
  /// same place, so that they may overwrite an input as they go.
  public static let inPlaceTypes: Set<String> = [
    "Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "Clip", "Sigmoid", "HardSigmoid", "HardSwish",
    "Tanh",
    "Softplus", "Softsign", "Mish", "Gelu", "Erf", "Exp", "Log", "Sqrt", "Reciprocal", "Neg", "Abs", "Floor",
    "Ceil", "Round", "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum", "Mean",
  ]
}
