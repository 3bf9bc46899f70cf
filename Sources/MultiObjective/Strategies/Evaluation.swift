/// What a strategy is told about a candidate: how good it is for each target.
///
/// A target is whatever one search is run for in common with others; for Tandem, a device.
public struct Evaluation<Candidate: Hashable & Codable & Sendable>: Hashable, Codable, Sendable {
  /// The candidate that was evaluated.
  public let candidate: Candidate
  /// Its score for each target, in the order of the targets.
  public let scores: [TargetScore]

  /// Creates an evaluation.
  public init(candidate: Candidate, scores: [TargetScore]) {
    self.candidate = candidate
    self.scores = scores
  }

  /// Whether the candidate meets the constraints of at least one target.
  public var isFeasibleSomewhere: Bool { scores.contains(where: \.isFeasible) }
}

/// How good a candidate is for one target; a smaller score is a better one.
///
/// The violation is compared first, then the costs in their order: accuracy before latency before peak, say.
public struct TargetScore: Hashable, Codable, Sendable, Comparable {
  /// 0 when the target's constraints are met, otherwise the amount of the violation.
  public let violation: Double
  /// Costs by priority, smaller is better; empty when the candidate was not measured.
  public let costs: [Double]

  /// Creates a score.
  ///
  /// - Precondition: nothing is NaN, and `violation` is finite (stored as JSON) and not negative.
  public init(violation: Double, costs: [Double]) {
    precondition(violation >= 0 && violation.isFinite && costs.allSatisfy(\.isFinite))
    self.violation = violation
    self.costs = costs
  }

  /// Worse than every score that says how far from feasible a candidate is: for what could not be evaluated.
  public static let unknown = TargetScore(violation: .greatestFiniteMagnitude, costs: [])

  /// Whether the target's constraints are met.
  public var isFeasible: Bool { violation == 0 }

  /// Whether `first` is better than `second`.
  public static func < (first: TargetScore, second: TargetScore) -> Bool {
    if first.violation != second.violation { return first.violation < second.violation }
    return first.costs.lexicographicallyPrecedes(second.costs)
  }
}
