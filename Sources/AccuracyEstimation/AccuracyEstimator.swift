import ComputationGraph
import Training

/// A way to tell how accurate an architecture is, cheaper than training it to the end.
///
/// An estimator is a value without memory: equal graphs and seeds give equal accuracies, in any order. Whoever
/// does not want to pay twice keeps the result.
public protocol AccuracyEstimator: Sendable {
  /// A name for records: `short-training`.
  var name: String { get }
  /// What one estimate takes, for people: `trains 2000 images × 1 epoch`.
  var costDescription: String { get }

  /// Estimates the accuracy of a network.
  ///
  /// - Parameters:
  ///   - training: the network in training form.
  ///   - seed: of all that is random.
  /// - Throws: ``EstimationError``; an architecture whose training diverges is
  ///   ``EstimationError/diverged(step:loss:)``, which says something about the architecture and is no mistake.
  func estimate(_ training: Graph, seed: UInt64) throws(EstimationError) -> AccuracyEstimate
}

/// Why there is no estimate.
public enum EstimationError: Error, Equatable, CustomStringConvertible {
  /// The training went to infinity.
  case diverged(step: Int, loss: Double)
  /// The network cannot be trained, or the images do not fit it.
  case training(TrainingError)
  /// The data set cannot be divided as asked for.
  case dataset(DatasetError)

  /// One sentence.
  public var description: String {
    switch self {
    case .diverged(let step, let loss): TrainingError.diverged(step: step, loss: loss).description
    case .training(let error): error.description
    case .dataset(let error): error.description
    }
  }

  init(_ error: TrainingError) {
    if case .diverged(let step, let loss) = error {
      self = .diverged(step: step, loss: loss)
    } else {
      self = .training(error)
    }
  }
}
