import Foundations

/// Why a network cannot be trained.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
  /// The graph is not a network in training form with one image input and one vector of logits.
  case unsupportedGraph(reason: String)
  /// A supernet has no network that is worth training.
  case noNetwork(reason: String)
  /// An operator has no gradient here.
  case unsupportedOperator(name: String, reason: String)
  /// A field of the configuration makes no sense.
  case invalidConfiguration(field: String, reason: String)
  /// The images do not fit the network.
  case datasetMismatch(reason: String)
  /// Initial weights are missing or of another size.
  case weightMismatch(weight: String)
  /// The loss or a weight is no longer a number.
  case diverged(step: Int, loss: Double)
  /// A file of weights is not one, is damaged or truncated.
  case invalidWeightsFile(path: String, reason: String)
  /// A checkpoint is none, is damaged or truncated.
  case invalidCheckpoint(path: String, reason: String)
  /// A checkpoint is of another training.
  case checkpointMismatch(reason: String)
  /// A file cannot be read or written.
  case file(FileError)

  /// One sentence that names the operator, field or file.
  public var description: String {
    switch self {
    case .unsupportedGraph(let reason): "the network cannot be trained: \(reason)"
    case .noNetwork(let reason): reason
    case .unsupportedOperator(let name, let reason): "operator '\(name)' cannot be trained: \(reason)"
    case .invalidConfiguration(let field, let reason): "training configuration: \(field): \(reason)"
    case .datasetMismatch(let reason): reason
    case .weightMismatch(let weight): "weight '\(weight)' is missing or has another size than the network's"
    case .diverged(let step, let loss): "training diverged at step \(step) with a loss of \(loss)"
    case .invalidWeightsFile(let path, let reason): "\(path): \(reason)"
    case .invalidCheckpoint(let path, let reason): "\(path): \(reason)"
    case .checkpointMismatch(let reason): "the checkpoint cannot be continued: \(reason)"
    case .file(let error): error.description
    }
  }
}
