import ComputationGraph
import SearchSpaces
import Training

/// What an accuracy is estimated of: the choices, for estimators that know the space, and the network that they define.
public struct EstimationSubject: Sendable {
  /// The choices.
  public let architecture: Architecture
  /// The network in training form.
  public let training: Graph

  /// Creates a subject. - Precondition: `training` is the network of `architecture`.
  public init(architecture: Architecture, training: Graph) {
    self.architecture = architecture
    self.training = training
  }
}

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
  ///   - subject: the architecture and its network.
  ///   - seed: of all that is random.
  /// - Throws: ``EstimationError``; an architecture whose training diverges is
  ///   ``EstimationError/diverged(step:loss:)``, which says something about the architecture and is no mistake.
  func estimate(_ subject: EstimationSubject, seed: UInt64) throws(EstimationError) -> AccuracyEstimate
}

/// Why there is no estimate.
public enum EstimationError: Error, Equatable, CustomStringConvertible {
  /// The training went to infinity.
  case diverged(step: Int, loss: Double)
  /// The network cannot be trained, or the images do not fit it.
  case training(TrainingError)
  /// The data set cannot be divided as asked for.
  case dataset(DatasetError)
  /// The estimator says nothing about this architecture: it is not in the table, or its score is not defined.
  case unavailable(reason: String)

  /// One sentence.
  public var description: String {
    switch self {
    case .diverged(let step, let loss): TrainingError.diverged(step: step, loss: loss).description
    case .training(let error): error.description
    case .dataset(let error): error.description
    case .unavailable(let reason): reason
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
