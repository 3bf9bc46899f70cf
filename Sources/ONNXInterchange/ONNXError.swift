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
  /// The graph breaks a rule: a cycle, two producers of a tensor, a size that overflows.
  case invalidGraph(file: String, GraphError)
  /// The order asked for does not name every operator once, after all that it depends on.
  case invalidOrder(reason: String)
  /// The graph holds something that cannot be written as ONNX, or a weight's values are missing.
  case cannotExport(name: String, reason: String)

  /// One sentence that names the file and the tensor or node.
  public var description: String {
    switch self {
    case .cannotRead(let error): error.description
    case .notAModel(let file, let reason): "\(file): not a readable ONNX model: \(reason)"
    case .unsupportedOpset(let file, let version):
      "\(file): operator set \(version) is older than \(ONNXModel.oldestOpset); convert the model to a newer one"
    case .controlFlow(let file, let node, let type):
      "\(file): node '\(node)' (\(type)) has a body of its own, whose memory cannot be planned; "
        + "unroll or inline it before scheduling"
    case .missingShape(let file, let tensor, let node):
      "\(file): tensor '\(tensor)'\(node.map { " of node '\($0)'" } ?? "") has no shape in the file and none can "
        + "be inferred; run ONNX shape inference on the model first"
    case .dynamicShape(let file, let tensor, let axis, let symbol):
      "\(file): dimension \(axis) of tensor '\(tensor)' is dynamic\(symbol.isEmpty ? "" : " ('\(symbol)')"); "
        + "give the model static shapes first"
    case .unsupportedElementType(let file, let tensor, let type):
      "\(file): tensor '\(tensor)' is of type \(type), whose size is not known"
    case .invalidShape(let file, let tensor, let reason): "\(file): tensor '\(tensor)': \(reason)"
    case .invalidGraph(let file, let error): "\(file): \(error)"
    case .invalidOrder(let reason): "the operator order is not valid: \(reason)"
    case .cannotExport(let name, let reason): "'\(name)' cannot be written as ONNX: \(reason)"
    }
  }
}
