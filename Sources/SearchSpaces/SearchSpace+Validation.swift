import ConfigurationFiles

extension SearchSpace {
  /// Checks that a candidate belongs to this space.
  ///
  /// - Throws: ``SearchSpaceError`` naming the decision. Whether the network is connected is not checked here.
  public func validate(_ candidate: Candidate) throws(SearchSpaceError) {
    try validate(candidate.architecture)
    for decision in policyDecisions {
      try check(value(of: decision, in: candidate), for: decision)
    }
  }

  /// Checks that an architecture takes every decision of this space, each with one of its values, and no other.
  ///
  /// - Throws: ``SearchSpaceError`` naming the decision.
  public func validate(_ architecture: Architecture) throws(SearchSpaceError) {
    guard architecture.space == name else { throw .wrongSpace(expected: name, found: architecture.space) }
    let names = Set(architectureDecisions.map(\.name))
    if let unknown = architecture.choices.keys.filter({ !names.contains($0) }).min() {
      throw .unknownDecision(
        unknown, hint: NearestName.hint(for: unknown, among: architectureDecisions.map(\.name)))
    }
    for decision in architectureDecisions {
      guard let value = architecture.choices[decision.name] else { throw .missingDecision(decision.name) }
      try check(value, for: decision)
    }
  }

  private func check(_ value: String, for decision: Decision) throws(SearchSpaceError) {
    guard decision.values.contains(value) else {
      throw .invalidValue(
        decision: decision.name, value: value, hint: NearestName.hint(for: value, among: decision.values))
    }
  }
}
