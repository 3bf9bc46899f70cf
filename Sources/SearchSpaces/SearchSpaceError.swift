import ComputationGraph
import ConfigurationFiles

/// Why an architecture or a candidate cannot be used with a search space.
public enum SearchSpaceError: Error, Equatable, CustomStringConvertible {
  /// The candidate was made for another space.
  case wrongSpace(expected: String, found: String)
  /// A decision has not been taken.
  case missingDecision(String)
  /// A choice names no decision of the space.
  case unknownDecision(String, hint: String)
  /// A choice is not among the decision's values.
  case invalidValue(decision: String, value: String, hint: String)
  /// No path leads from the input to the output of the cell, so the network computes a constant. Such a candidate
  /// is rejected and counted; it is no mistake of the user.
  case disconnected(cell: String)
  /// The network cannot be built for the images given.
  case cannotLower(reason: String)
  /// A file of an architecture or a candidate that cannot be read.
  case invalidFile(path: String, reason: String)

  /// One sentence.
  public var description: String {
    switch self {
    case .wrongSpace(let expected, let found):
      "the candidate belongs to the search space '\(found)', not to '\(expected)'"
    case .missingDecision(let name): "the decision '\(name)' is missing"
    case .unknownDecision(let name, let hint): "unknown decision '\(name)'\(hint)"
    case .invalidValue(let decision, let value, let hint):
      "the decision '\(decision)' cannot be '\(value)'\(hint)"
    case .disconnected(let cell): "no path leads from the input to the output of the cell '\(cell)'"
    case .cannotLower(let reason): "the network cannot be built: \(reason)"
    case .invalidFile(let path, let reason): "\(path): \(reason)"
    }
  }
}
