import ComputationGraph
import Foundations

extension SearchSpace {
  /// A candidate drawn uniformly from all of them, disconnected ones included.
  public func sample(using generator: inout SeededGenerator) -> Candidate {
    candidate { decision in decision.values.randomElement(using: &generator)! }
  }

  /// A candidate that differs in exactly one decision: uniformly one of those that leave a choice, to uniformly one
  /// of its other values.
  ///
  /// - Precondition: the candidate is valid.
  public func mutate(_ candidate: Candidate, using generator: inout SeededGenerator) -> Candidate {
    let open = (architectureDecisions + policyDecisions).filter { $0.values.count > 1 }
    let mutated = open.randomElement(using: &generator)!  // A space has at least two candidates.
    let current = value(of: mutated, in: candidate)
    let replacement = mutated.values.filter { $0 != current }.randomElement(using: &generator)!
    return self.candidate { $0.name == mutated.name ? replacement : value(of: $0, in: candidate) }
  }

  /// A candidate that takes every decision from one of its parents, each with equal probability.
  ///
  /// - Precondition: both parents are valid.
  public func crossover(_ a: Candidate, _ b: Candidate, using generator: inout SeededGenerator) -> Candidate {
    candidate { decision in value(of: decision, in: Bool.random(using: &generator) ? a : b) }
  }

  /// The value that a valid candidate takes for a decision of the architecture or the policy.
  public func value(of decision: Decision, in candidate: Candidate) -> String {
    switch PolicyDecision(rawValue: decision.name) {
    case .fusion: candidate.policy.fusion.rawValue
    case .scheduler: candidate.policy.scheduler
    case .rowTile: candidate.policy.rowTile.text
    case .layout: candidate.policy.layout.rawValue
    case nil: candidate.architecture.choices[decision.name]!
    }
  }

  /// Builds a candidate by asking for every decision, architecture first, in order.
  private func candidate(_ choose: (Decision) -> String) -> Candidate {
    var choices: [String: String] = [:]
    for decision in architectureDecisions { choices[decision.name] = choose(decision) }
    var policy = SchedulingPolicy(fusion: .none, scheduler: "", rowTile: .whole)
    for decision in policyDecisions {
      let value = choose(decision)
      switch PolicyDecision(rawValue: decision.name)! {
      case .fusion: policy.fusion = FusionLevel(rawValue: value)!
      case .scheduler: policy.scheduler = value
      case .rowTile: policy.rowTile = RowTile(text: value)!
      case .layout: policy.layout = TensorLayout(rawValue: value)!
      }
    }
    return Candidate(architecture: Architecture(space: name, choices: choices), policy: policy)
  }
}

/// The names of the policy's decisions; no decision of an architecture has one of them.
enum PolicyDecision: String, CaseIterable {
  case fusion, scheduler, rowTile, layout
}
