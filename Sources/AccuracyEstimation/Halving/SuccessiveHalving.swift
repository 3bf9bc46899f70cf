import SearchSpaces

/// Successive halving (Jamieson and Talwalkar, arXiv 1502.07943): all candidates are estimated cheaply, the best one in
/// `eta` of them goes on to the next, dearer rung, and so on.
///
/// A rung is an estimator; estimates are compared within a rung only. Here a rung trains from scratch, so that every
/// training has a learning-rate schedule of its own and results do not depend on the order of work; the paper's
/// candidates go on from where they stopped, which saves at most 1 / (eta − 1) of the cost of the last rung.
public struct SuccessiveHalving: Sendable {
  /// What became of one candidate.
  public struct Outcome: Sendable {
    /// The last rung on which it was estimated, counted from 0.
    public let rung: Int
    /// Its estimate there; nil if there is none.
    public let estimate: AccuracyEstimate?
    /// Why there is none; such a candidate goes no further.
    public let failure: EstimationError?
  }

  /// What a run found.
  public struct Result: Sendable {
    /// Every candidate's fate, in the order given.
    public let outcomes: [Outcome]
    /// Per rung but the last: the merit of the worst candidate that went on; nil if none did.
    public let thresholds: [Double?]
    /// The candidate that got furthest, and there has the highest merit; the first of equals. Nil if all failed.
    public let best: Int?
  }

  /// The number of rungs.
  public let rungs: Int
  /// One in so many goes on.
  public let eta: Int

  /// Creates a procedure. - Precondition: at least one rung, and an `eta` of at least 2.
  public init(rungs: Int, eta: Int) {
    precondition(rungs > 0 && eta > 1, "successive halving needs a rung and an eta of at least 2")
    self.rungs = rungs
    self.eta = eta
  }

  /// How many of `count` candidates are estimated on each rung from `first` on.
  public func counts(of count: Int, from first: Int = 0) -> [Int] {
    var counts: [Int] = []
    var remaining = count
    for _ in first..<rungs {
      counts.append(remaining)
      remaining = remaining > 0 ? max(1, remaining / eta) : 0
    }
    return counts
  }

  /// Runs candidates through the rungs.
  ///
  /// - Parameters:
  ///   - count: how many candidates there are.
  ///   - first: the rung on which they begin.
  ///   - estimate: the estimate of a candidate, by number, on a rung; called for one rung after the other, candidates
  ///     ascending.
  /// - Complexity: `counts(of:from:)` estimates.
  public func run(
    count: Int, from first: Int = 0,
    estimate: (_ candidate: Int, _ rung: Int) throws(EstimationError) -> AccuracyEstimate
  ) -> Result {
    var outcomes = [Outcome](
      repeating: Outcome(rung: first, estimate: nil, failure: nil), count: count)
    var thresholds = [Double?](repeating: nil, count: rungs - 1)
    var candidates = Array(0..<count)
    for (rung, allowed) in zip(first..<rungs, counts(of: count, from: first)) {
      if rung > first {
        let ranked = candidates.filter { outcomes[$0].estimate != nil }.sorted {
          (outcomes[$1].estimate!.merit, $0) < (outcomes[$0].estimate!.merit, $1)
        }
        candidates = ranked.prefix(allowed).sorted()
        thresholds[rung - 1] = candidates.map { outcomes[$0].estimate!.merit }.min()
      }
      for candidate in candidates {
        do throws(EstimationError) {
          outcomes[candidate] = Outcome(rung: rung, estimate: try estimate(candidate, rung), failure: nil)
        } catch {
          outcomes[candidate] = Outcome(rung: rung, estimate: nil, failure: error)
        }
      }
    }
    let best = outcomes.indices.filter { outcomes[$0].estimate != nil }.min {
      (outcomes[$1].rung, outcomes[$1].estimate!.merit, $0) < (
        outcomes[$0].rung, outcomes[$0].estimate!.merit, $1
      )
    }
    return Result(outcomes: outcomes, thresholds: thresholds, best: best)
  }

  /// Runs subjects through estimators, one a rung, the cheapest first.
  ///
  /// - Parameter seed: the seed of an architecture's estimates.
  /// - Precondition: there are as many estimators as rungs.
  public func run(
    _ subjects: [EstimationSubject], rungs estimators: [any AccuracyEstimator], from first: Int = 0,
    seed: (Architecture) -> UInt64
  ) -> Result {
    precondition(estimators.count == rungs, "one estimator a rung")
    return run(count: subjects.count, from: first) { (candidate, rung) throws(EstimationError) in
      try estimators[rung].estimate(subjects[candidate], seed: seed(subjects[candidate].architecture))
    }
  }
}

/// Hyperband (Li et al., arXiv 1603.06560): successive halving several times, from many candidates that begin on the
/// cheapest rung to a few that begin on the dearest, since nobody knows how early a candidate can be judged.
public struct Hyperband: Sendable {
  /// One run of successive halving.
  public struct Bracket: Hashable, Sendable {
    /// The candidates that it begins with.
    public let count: Int
    /// The rung on which they begin.
    public let firstRung: Int
  }

  /// The procedure within a bracket.
  public let halving: SuccessiveHalving

  /// Creates a procedure; see ``SuccessiveHalving/init(rungs:eta:)``.
  public init(rungs: Int, eta: Int) { halving = SuccessiveHalving(rungs: rungs, eta: eta) }

  /// The brackets, the one with the most candidates first: with s the number of rungs after the first,
  /// ⌈(s_max + 1) / (s + 1) · eta^s⌉ candidates.
  public var brackets: [Bracket] {
    (0..<halving.rungs).reversed().map { s in
      let power = (0..<s).reduce(1) { product, _ in product * halving.eta }
      return Bracket(count: (halving.rungs * power + s) / (s + 1), firstRung: halving.rungs - 1 - s)
    }
  }

  /// Runs all brackets.
  ///
  /// - Parameters:
  ///   - draw: a new candidate; nil when there are none left.
  ///   - estimate: the estimate of a candidate on a rung.
  /// - Returns: the candidates and what became of them, bracket by bracket.
  public func run<Candidate>(
    draw: () -> Candidate?,
    estimate: (Candidate, _ rung: Int) throws(EstimationError) -> AccuracyEstimate
  ) -> [(candidates: [Candidate], result: SuccessiveHalving.Result)] {
    brackets.map { bracket in
      var candidates: [Candidate] = []
      while candidates.count < bracket.count, let candidate = draw() { candidates.append(candidate) }
      let result = halving.run(count: candidates.count, from: bracket.firstRung) {
        (index, rung) throws(EstimationError) in try estimate(candidates[index], rung)
      }
      return (candidates, result)
    }
  }
}
