import ComputationGraph
import Foundations

extension GraphError {
  /// The same error with names as messages show them.
  var withQuotedNames: GraphError {
    switch self {
    case .unknownTensor(let name, let index): .unknownTensor(operatorName: name.quoted, index: index)
    case .duplicateName(let name): .duplicateName(name.quoted)
    case .severalProducers(let tensor): .severalProducers(tensor: tensor.quoted)
    case .inputIsProduced(let tensor): .inputIsProduced(tensor: tensor.quoted)
    case .weightIsProduced(let tensor): .weightIsProduced(tensor: tensor.quoted)
    case .noProducer(let tensor): .noProducer(tensor: tensor.quoted)
    case .cycle(let names): .cycle(operatorNames: names.map(\.quoted))
    case .sizeOverflow(let tensor): .sizeOverflow(tensor: tensor.quoted)
    case .invalidOperator(let name, let reason): .invalidOperator(name: name.quoted, reason: reason.escaped)
    }
  }
}
