/// Stands for an estimator that could not be prepared because there is no network to prepare it with; it has nothing to say
/// about any.
///
/// With it a search whose devices hold no network of the space ends as every such search does: with the smallest peak found.
public struct UnavailableEstimator: AccuracyEstimator {
  /// The name of the estimator in whose place it stands.
  public let name: String
  /// Why it says nothing.
  public let reason: String

  /// Creates an estimator that says nothing.
  public init(name: String, reason: String) {
    self.name = name
    self.reason = reason
  }

  /// The reason.
  public var costDescription: String { "not available: \(reason)" }

  /// Throws ``EstimationError/unavailable(reason:)``.
  public func estimate(_ subject: EstimationSubject, seed: UInt64) throws(EstimationError) -> AccuracyEstimate
  {
    throw .unavailable(reason: reason)
  }
}
