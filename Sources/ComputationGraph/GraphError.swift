/// Why a graph cannot be constructed.
public enum GraphError: Error, Equatable, CustomStringConvertible {
  /// An operator or graph boundary names a tensor that does not exist.
  case unknownTensor(operatorName: String, index: Int)
  /// Two tensors or two operators share a name.
  case duplicateName(String)
  /// Two operators write one tensor.
  case severalProducers(tensor: String)
  /// An operator writes a graph input.
  case inputIsProduced(tensor: String)
  /// An operator writes a weight.
  case weightIsProduced(tensor: String)
  /// An activation is read but neither produced nor a graph input.
  case noProducer(tensor: String)
  /// The operators named depend on each other.
  case cycle(operatorNames: [String])
  /// The tensor's size, or the sum of all activations, does not fit 62 bits.
  case sizeOverflow(tensor: String)
  /// Inputs, outputs or parameters do not fit the operator's kind.
  case invalidOperator(name: String, reason: String)

  /// One sentence that names the operator or tensor.
  public var description: String {
    switch self {
    case .unknownTensor(let name, let index):
      "operator '\(name)' refers to tensor \(index), which does not exist"
    case .duplicateName(let name): "the name '\(name)' is used twice"
    case .severalProducers(let tensor): "tensor '\(tensor)' is written by more than one operator"
    case .inputIsProduced(let tensor): "graph input '\(tensor)' is also written by an operator"
    case .weightIsProduced(let tensor): "weight '\(tensor)' is written by an operator"
    case .noProducer(let tensor): "tensor '\(tensor)' is read but nothing produces it"
    case .cycle(let names):
      "the graph has a cycle through \(names.prefix(4).map { "'\($0)'" }.joined(separator: ", "))"
    case .sizeOverflow(let tensor): "the size of tensor '\(tensor)' is too large to count in bytes"
    case .invalidOperator(let name, let reason): "operator '\(name)': \(reason)"
    }
  }
}
