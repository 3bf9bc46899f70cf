/// The rules by which memory is counted.
///
/// The default is the model of every figure that Tandem reports: views share their input's storage, element-wise
/// operators overwrite an input that dies, and each kernel's scratch memory counts while it runs.
public struct MemoryModel: Sendable, Hashable {
  /// Whether an element-wise operator may overwrite an input of its output's size and type that dies at it.
  public var inPlace: Bool
  /// Whether the result of an operator such as Reshape shares its first input's storage.
  public var views: Bool
  /// Scratch bytes of each operator's kernel, by operator index; empty if none needs any.
  public var workspaceBytes: [Int]

  /// Creates a model.
  public init(inPlace: Bool = true, views: Bool = true, workspaceBytes: [Int] = []) {
    self.inPlace = inPlace
    self.views = views
    self.workspaceBytes = workspaceBytes
  }

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
