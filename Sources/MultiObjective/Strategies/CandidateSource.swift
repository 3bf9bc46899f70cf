import Foundations

/// Where candidates come from: the only thing a search strategy knows of a search space.
public protocol CandidateSource<Candidate>: Sendable {
  /// One point of the space; equal candidates are the same point.
  associatedtype Candidate: Hashable & Codable & Sendable

  /// A uniformly random candidate.
  func sample(using generator: inout SeededGenerator) -> Candidate

  /// A neighbour of `candidate`: the same but for one decision.
  func mutate(_ candidate: Candidate, using generator: inout SeededGenerator) -> Candidate
}
