import ComputationGraph

/// Why an order and its ``ExactCertificate`` do not hold.
public enum CertificateViolation: Error, Equatable, CustomStringConvertible {
  /// The order is not one of the graph's.
  case order(SchedulingError)
  /// The order's peak is another one.
  case peak(claimedBytes: Int, foundBytes: Int)
  /// The operator that is said to force the initial bound does not.
  case initialBound(operatorName: String, claimedBytes: Int, foundBytes: Int)
  /// The certificate names an operator that does not exist.
  case unknownOperator(index: Int)
  /// The raises do not lead from the initial bound to the final one; the number is that of the raise.
  case raises(index: Int)
  /// The proved bound is above the peak.
  case boundAbovePeak(boundBytes: Int, peakBytes: Int)

  /// One sentence with the numbers.
  public var description: String {
    switch self {
    case .order(let error): "the order is not valid: \(error)"
    case .peak(let claimed, let found): "the peak is \(found) bytes, not \(claimed)"
    case .initialBound(let name, let claimed, let found):
      "operator '\(name)' forces \(found) bytes on every order, not \(claimed)"
    case .unknownOperator(let index): "the certificate names operator \(index), which does not exist"
    case .raises(let index): "raise \(index) of the bound does not continue the one before it"
    case .boundAbovePeak(let bound, let peak): "the bound of \(bound) bytes is above the peak of \(peak)"
    }
  }
}
