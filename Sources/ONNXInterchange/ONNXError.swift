import ComputationGraph
import Foundations

/// Why an ONNX file cannot be read, scheduled or written.
public enum ONNXError: Error, Equatable, CustomStringConvertible {
  /// The file cannot be opened.
  case cannotRead(FileError)
  /// The bytes are not an ONNX model: truncated, damaged or something else.
  case notAModel(file: String, reason: String)
  /// The model's operator set is older than the oldest that is understood.
  case unsupportedOpset(file: String, version: Int)
  /// The operator has a body whose memory the graph does not show (`If`, `Loop`, `Scan` and their like).
  case controlFlow(file: String, node: String, type: String)
  /// The file gives no shape for the tensor and it could not be inferred.
  case missingShape(file: String, tensor: String, node: String?)
  /// A dimension of the tensor is unknown until the model runs.
  case dynamicShape(file: String, tensor: String, axis: Int, symbol: String)
  /// The tensor's elements are of a type that has no fixed size here, or the tensor is no tensor at all.
  case unsupportedElementType(file: String, tensor: String, type: String)
  /// A dimension is negative or zero, or the shape is declared twice and differently.
  case invalidShape(file: String, tensor: String, reason: String)
  /// What a node reads does not fit its operator: shapes that cannot be broadcast, matrices that cannot be multiplied.
  case invalidNode(file: String, node: String, type: String, reason: String)
  /// An attribute of a node has a value that its operator does not allow.
  case invalidAttribute(file: String, node: String, type: String, attribute: String, reason: String)
  /// The file declares another shape for a node's output than its inputs and attributes give.
  case shapeMismatch(
    file: String, node: String, type: String, tensor: String, declared: TensorShape, inferred: TensorShape)
  /// A node, or the graph as its output, reads a tensor that no node, input or weight provides.
  case notProduced(file: String, tensor: String, node: String?)
  /// An input or output of the graph has no name.
  case unnamedBoundary(file: String, side: String, index: Int)
  /// The graph lists no outputs, so that nothing in it would have to be computed.
  case noOutputs(file: String)
  /// The graph breaks a rule: a cycle, two producers of a tensor, a size that overflows.
  case invalidGraph(file: String, GraphError)
  /// The node can be scheduled, but there is no kernel that computes it.
  case notExecutable(file: String, node: String, type: String, reason: String)
  /// The tensor can be planned, but kernels compute in another type.
  case notFloat32(file: String, tensor: String, type: String)
  /// The file has the weight's shape but not its values, so that the network cannot be run.
  case missingWeightValues(file: String, tensor: String, node: String)
  /// The weight that the node reads is stored in a way that cannot be computed with.
  case invalidWeight(file: String, tensor: String, node: String, reason: String)
  /// The order asked for does not name every operator once, after all that it depends on.
  case invalidOrder(reason: String)
  /// The graph holds something that cannot be written as ONNX, or a weight's values are missing.
  case cannotExport(name: String, reason: String)

  /// One sentence on one line that names the file and the tensor or node. Names from the file are escaped, and
  /// shortened where they are long.
  public var description: String {
    switch self {
    case .cannotRead(let error): error.description.escaped
    case .notAModel(let file, let reason): "\(file.escaped): not a readable ONNX model: \(reason)"
    case .unsupportedOpset(let file, let version):
      "\(file.escaped): operator set \(version) is older than \(ONNXModel.oldestOpset); "
        + "convert the model to a newer one"
    case .controlFlow(let file, let node, let type):
      "\(file.escaped): node '\(node.quoted)' (\(type.quoted)) has a body of its own, whose memory cannot be "
        + "planned; unroll or inline it before scheduling"
    case .missingShape(let file, let tensor, let node):
      "\(file.escaped): tensor '\(tensor.quoted)'\(node.map { " of node '\($0.quoted)'" } ?? "") has no shape in "
        + "the file and none can be inferred; run ONNX shape inference on the model first"
    case .dynamicShape(let file, let tensor, let axis, let symbol):
      "\(file.escaped): dimension \(axis) of tensor '\(tensor.quoted)' is dynamic"
        + "\(symbol.isEmpty ? "" : " ('\(symbol.quoted)')"); give the model static shapes first"
    case .unsupportedElementType(let file, let tensor, let type):
      "\(file.escaped): tensor '\(tensor.quoted)' is of type \(type), whose size is not known"
    case .invalidShape(let file, let tensor, let reason):
      "\(file.escaped): tensor '\(tensor.quoted)': \(reason)"
    case .invalidNode(let file, let node, let type, let reason):
      "\(file.escaped): node '\(node.quoted)' (\(type.quoted)): \(reason)"
    case .invalidAttribute(let file, let node, let type, let attribute, let reason):
      "\(file.escaped): node '\(node.quoted)' (\(type.quoted)): attribute '\(attribute)' \(reason)"
    case .shapeMismatch(let file, let node, let type, let tensor, let declared, let inferred):
      "\(file.escaped): node '\(node.quoted)' (\(type.quoted)): its output '\(tensor.quoted)' is declared as "
        + "\(declared), but its inputs and attributes give \(inferred)"
    case .notProduced(let file, let tensor, let node?):
      "\(file.escaped): node '\(node.quoted)' reads tensor '\(tensor.quoted)', which nothing produces"
    case .notProduced(let file, let tensor, nil):
      "\(file.escaped): output '\(tensor.quoted)' of the graph is produced by nothing"
    case .unnamedBoundary(let file, let side, let index):
      "\(file.escaped): \(side) \(index) of the graph has no name"
    case .noOutputs(let file): "\(file.escaped): the graph has no outputs"
    case .invalidGraph(let file, let error): "\(file.escaped): \(error.withQuotedNames)"
    case .notExecutable(let file, let node, let type, let reason):
      "\(file.escaped): node '\(node.quoted)' (\(type.quoted)) cannot be executed: \(reason)"
    case .notFloat32(let file, let tensor, let type):
      "\(file.escaped): tensor '\(tensor.quoted)' is \(type), but kernels compute in float32 only"
    case .missingWeightValues(let file, let tensor, let node):
      "\(file.escaped): the values of weight '\(tensor.quoted)' of node '\(node.quoted)' are not in the file; "
        + "--random-weights runs the network with random ones"
    case .invalidWeight(let file, let tensor, let node, let reason):
      "\(file.escaped): weight '\(tensor.quoted)' of node '\(node.quoted)': \(reason)"
    case .invalidOrder(let reason): "the operator order is not valid: \(reason)"
    case .cannotExport(let name, let reason): "'\(name.quoted)' cannot be written as ONNX: \(reason.escaped)"
    }
  }
}
