/// Why an order, a schedule or a plan cannot be made.
public enum SchedulingError: Error, Equatable, CustomStringConvertible {
  /// The order names fewer or more operators than the graph has.
  case wrongOperatorCount(expected: Int, found: Int)
  /// The order names an operator that does not exist.
  case unknownOperator(index: Int)
  /// The order names an operator twice.
  case repeatedOperator(name: String)
  /// The order runs an operator before one that it waits for.
  case runsBeforePredecessor(operatorName: String, predecessorName: String)
  /// Offsets can be aligned to positive numbers of bytes only.
  case invalidAlignment(Int)
  /// A Concat cannot be elided, or not together with the others that are.
  case concatNotElidable(operatorName: String, reason: String)
  /// HiGHS, which solves the integer programs of the scheduler `fusion-ilp`, could not be loaded.
  case solverUnavailable(reason: String)

  /// One sentence that names the operator or number.
  public var description: String {
    switch self {
    case .wrongOperatorCount(let expected, let found):
      "the order has \(found) operators, but the graph has \(expected)"
    case .unknownOperator(let index): "the order names operator \(index), which does not exist"
    case .repeatedOperator(let name): "the order names operator '\(name)' twice"
    case .runsBeforePredecessor(let name, let predecessor):
      "the order runs '\(name)' before '\(predecessor)', whose result it needs"
    case .invalidAlignment(let bytes): "an alignment of \(bytes) bytes is not a positive number"
    case .concatNotElidable(let name, let reason): "Concat '\(name)' cannot be elided: \(reason)"
    case .solverUnavailable(let reason):
      "scheduler 'fusion-ilp' needs HiGHS for this graph, and it could not be loaded (\(reason)): install it with "
        + "'pip install highspy', in ./.venv or for the user, or name its library in TANDEM_HIGHS_LIBRARY"
    }
  }
}
