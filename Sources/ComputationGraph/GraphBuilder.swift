/// Builds a graph operator by operator, inferring shapes and choosing unique names.
///
/// Weights get the name of their operator and a suffix: `.weight`, `.bias`, `.scale`, `.shift`, `.mean`,
/// `.variance`. Layers follow the usual training form: convolutions have no bias and are followed by batch norm.
public struct GraphBuilder {
  private let name: String
  private var tensors: [Tensor] = []
  private var operators: [Operator] = []
  private var inputs: [TensorID] = []
  private var operatorNames: Set<String> = []
  private var kindCounts: [String: Int] = [:]

  /// Starts an empty graph.
  public init(name: String) { self.name = name }

  /// The shape of a tensor added before.
  public func shape(of id: TensorID) -> TensorShape { tensors[id.index].shape }

  /// Adds a graph input.
  public mutating func input(_ name: String, shape: TensorShape, elementType: ElementType = .float32)
    -> TensorID
  {
    let id = add(Tensor(name: name, shape: shape, elementType: elementType))
    inputs.append(id)
    return id
  }

  /// Adds a weight.
  public mutating func weight(_ name: String, shape: TensorShape) -> TensorID {
    add(Tensor(name: name, shape: shape, role: .weight))
  }

  /// Adds an executable operator, infers its output's shape and returns the output, which is named after it.
  ///
  /// - Parameter name: unique; nil for the kind's name and a number.
  /// - Throws: ``GraphError`` if the inputs do not fit the kind.
  public mutating func add(_ kind: OperatorKind, _ inputs: [TensorID], name: String? = nil)
    throws(GraphError) -> TensorID
  {
    let unique = uniqueName(name, kind)
    let shape = try ShapeInference.outputShape(of: kind, name: unique, inputs: inputs.map(shape(of:)))
    let output = add(Tensor(name: unique, shape: shape, elementType: tensors[inputs[0].index].elementType))
    operators.append(Operator(name: unique, kind: kind, inputs: inputs, outputs: [output]))
    return output
  }

  /// Adds an operator that can only be scheduled, with outputs of the given shapes.
  public mutating func addOpaque(
    _ type: String, _ inputs: [TensorID], outputs shapes: [TensorShape], elementType: ElementType = .float32,
    name: String? = nil
  ) -> [TensorID] {
    let kind = OperatorKind.opaque(type: type)
    let unique = uniqueName(name, kind)
    let outputs = shapes.enumerated().map { index, shape in
      add(
        Tensor(
          name: shapes.count == 1 ? unique : "\(unique).\(index)", shape: shape, elementType: elementType))
    }
    operators.append(Operator(name: unique, kind: kind, inputs: inputs, outputs: outputs))
    return outputs
  }

  /// Adds a convolution with a weight of its own (and a bias if asked for).
  public mutating func convolution(
    _ x: TensorID, outputChannels: Int, window: Window2D, groups: Int = 1, bias: Bool = false,
    name: String? = nil
  ) throws(GraphError) -> TensorID {
    let kind = OperatorKind.convolution(
      window: window, groups: groups, inputActivation: .none, activation: .none)
    let unique = reserveName(name, kind)
    let channels = shape(of: x).rank == 4 ? shape(of: x)[1] : 0
    guard groups > 0, outputChannels > 0, window.kernel.height > 0, window.kernel.width > 0 else {
      throw .invalidOperator(name: unique, reason: "groups, channels and kernel must be positive")
    }
    var arguments = [
      x,
      weight(
        "\(unique).weight",
        shape: [outputChannels, channels / groups, window.kernel.height, window.kernel.width]),
    ]
    if bias { arguments.append(weight("\(unique).bias", shape: [outputChannels])) }
    return try add(kind, arguments, name: unique)
  }

  /// Adds a batch norm with weights of its own.
  public mutating func batchNormalization(_ x: TensorID, epsilon: Float = 1e-5, name: String? = nil)
    throws(GraphError) -> TensorID
  {
    let kind = OperatorKind.batchNormalization(epsilon: epsilon, activation: .none)
    let unique = reserveName(name, kind)
    let channels = TensorShape([shape(of: x).rank >= 2 ? shape(of: x)[1] : 0])
    let parameters = ["scale", "shift", "mean", "variance"].map { weight("\(unique).\($0)", shape: channels) }
    return try add(kind, [x] + parameters, name: unique)
  }

  /// Adds a fully connected layer with weight and bias.
  public mutating func fullyConnected(_ x: TensorID, outputs: Int, name: String? = nil)
    throws(GraphError) -> TensorID
  {
    let unique = reserveName(name, .fullyConnected)
    let columns = shape(of: x).rank == 2 ? shape(of: x)[1] : 0
    let matrix = weight("\(unique).weight", shape: [outputs, columns])
    let bias = weight("\(unique).bias", shape: [outputs])
    return try add(.fullyConnected, [x, matrix, bias], name: unique)
  }

  /// Verifies and returns the graph.
  public func build(outputs: [TensorID]) throws(GraphError) -> Graph {
    try Graph(name: name, tensors: tensors, operators: operators, inputs: inputs, outputs: outputs)
  }

  private mutating func add(_ tensor: Tensor) -> TensorID {
    tensors.append(tensor)
    return TensorID(tensors.count - 1)
  }

  /// A name that weights are called after before the operator itself is added.
  private mutating func reserveName(_ requested: String?, _ kind: OperatorKind) -> String {
    let unique = uniqueName(requested, kind)
    operatorNames.remove(unique)
    return unique
  }

  private mutating func uniqueName(_ requested: String?, _ kind: OperatorKind) -> String {
    if let requested, operatorNames.insert(requested).inserted { return requested }
    let base = requested ?? kind.typeName.lowercased()
    while true {
      kindCounts[base, default: 0] += 1
      let candidate = "\(base)\(kindCounts[base]!)"
      if operatorNames.insert(candidate).inserted { return candidate }
    }
  }
}
