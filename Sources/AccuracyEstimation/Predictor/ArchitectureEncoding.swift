import ComputationGraph
import Foundation
import SearchSpaces

/// An architecture as numbers: one place per value of every decision, 1 where it is chosen and 0 elsewhere, then the
/// natural logarithms of the network's parameters and multiply–accumulate operations.
public struct ArchitectureEncoding: Codable, Hashable, Sendable {
  /// A decision with its values.
  public struct Choice: Codable, Hashable, Sendable {
    /// The decision.
    public let name: String
    /// Its values, in the space's order.
    public let values: [String]
  }

  /// The decisions, in the space's order.
  public let decisions: [Choice]

  /// The encoding of a space.
  public init(_ space: SearchSpace) {
    decisions = space.architectureDecisions.map { Choice(name: $0.name, values: $0.values) }
  }

  /// The number of features.
  public var count: Int { decisions.reduce(2) { $0 + $1.values.count } }

  /// The features of an architecture and its network.
  public func features(of subject: EstimationSubject) -> [Double] {
    features(
      of: subject.architecture, parameters: subject.training.parameterCount, macs: subject.training.macs)
  }

  /// The features of an architecture whose network has `parameters` and `macs`. A value that the encoding does not know
  /// has zeros in all places of its decision.
  public func features(of architecture: Architecture, parameters: Int, macs: Int) -> [Double] {
    decisions.flatMap { decision in
      decision.values.map { architecture.choices[decision.name] == $0 ? 1.0 : 0 }
    } + [log(Double(max(1, parameters))), log(Double(max(1, macs)))]
  }
}
