import Foundations

/// Finds candidates that have not been asked for before.
struct NoveltyFilter<Source: CandidateSource>: Sendable {
  /// How far a mutation walks on from a known neighbour before a random candidate is drawn instead.
  static var mutationAttempts: Int { 64 }
  /// How many random candidates are drawn before the space counts as exhausted. In a space of n candidates a
  /// last unknown one is missed with a probability of (1 − 1/n)^20,000: below 1e-8 for a thousand candidates,
  /// and spaces so large that it might be missed are not exhausted in practice.
  static var sampleAttempts: Int { 20_000 }

  let source: Source
  private(set) var known: Set<Source.Candidate> = []

  init(source: Source) { self.source = source }

  /// Takes note of candidates from an earlier run.
  mutating func remember(_ candidates: some Sequence<Source.Candidate>) { known.formUnion(candidates) }

  /// A random candidate that is new; nil when none was found.
  mutating func newSample(using generator: inout SeededGenerator) -> Source.Candidate? {
    for _ in 0..<Self.sampleAttempts {
      let candidate = source.sample(using: &generator)
      if known.insert(candidate).inserted { return candidate }
    }
    return nil
  }

  /// A new candidate near `parent`: mutations of mutations until one is new, otherwise a random one.
  mutating func newMutation(
    of parent: Source.Candidate, using generator: inout SeededGenerator
  ) -> Source.Candidate? {
    var candidate = parent
    for _ in 0..<Self.mutationAttempts {
      candidate = source.mutate(candidate, using: &generator)
      if known.insert(candidate).inserted { return candidate }
    }
    return newSample(using: &generator)
  }
}
