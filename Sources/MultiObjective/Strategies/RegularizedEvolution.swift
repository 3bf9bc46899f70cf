import Foundations

/// Ageing evolution (Real et al. 2019, doi 10.1609/aaai.v33i01.33014780) over several targets with constraints.
///
/// The first `population` candidates are random. Every later one is a mutation of the best of a tournament:
/// `tournament` members drawn with replacement. When the population is full the oldest member dies, however
/// good it is. Beyond the paper:
///
/// - With several targets, the parent of candidate k is the best for target k mod (number of targets) and the
///   tournament is drawn among the members that are feasible for that target; among all members when none is,
///   which then moves towards the smallest violation.
/// - A member that is feasible for no target dies before any that is, so that a tight limit does not flush out
///   what was found.
/// - No candidate is asked for twice: a mutation that is known is mutated on, and after a bounded number of
///   attempts replaced by a random candidate.
public struct RegularizedEvolution<Source: CandidateSource>: SearchStrategy {
  /// The point type of the source.
  public typealias Candidate = Source.Candidate

  /// The two numbers of the method.
  public struct Configuration: Codable, Hashable, Sendable {
    /// Members kept, and random candidates at the start.
    public var population: Int
    /// Members drawn, with replacement, to choose a parent.
    public var tournament: Int

    /// Creates a configuration.
    ///
    /// - Precondition: both numbers are at least 1.
    public init(population: Int, tournament: Int) {
      precondition(population >= 1 && tournament >= 1)
      self.population = population
      self.tournament = tournament
    }
  }

  /// The population and the number of candidates asked for.
  public struct State: Codable, Hashable, Sendable {
    /// The living members, oldest first.
    public var members: [Evaluation<Candidate>] = []
    /// How many candidates have been asked for.
    public var askedCount = 0

    /// Creates a state; the default is that of a new search.
    public init(members: [Evaluation<Candidate>] = [], askedCount: Int = 0) {
      self.members = members
      self.askedCount = askedCount
    }
  }

  private let configuration: Configuration
  private let targetCount: Int
  private var novelty: NoveltyFilter<Source>
  /// What must be kept to continue.
  public private(set) var state = State()
  /// `regularizedEvolution`.
  public var name: String { "regularizedEvolution" }

  /// Creates an evolution over `source` for a number of targets.
  ///
  /// - Precondition: `targetCount` is at least 1.
  public init(source: Source, configuration: Configuration, targetCount: Int = 1) {
    precondition(targetCount >= 1)
    self.configuration = configuration
    self.targetCount = targetCount
    novelty = NoveltyFilter(source: source)
  }

  /// A random candidate at first, later a mutation of a tournament's winner; nil when the space is exhausted.
  public mutating func ask(using generator: inout SeededGenerator) -> Candidate? {
    let candidate: Candidate?
    if state.askedCount < configuration.population || state.members.isEmpty {
      candidate = novelty.newSample(using: &generator)
    } else {
      let parent = selectParent(target: state.askedCount % targetCount, using: &generator)
      candidate = novelty.newMutation(of: parent.candidate, using: &generator)
    }
    if candidate != nil { state.askedCount += 1 }
    return candidate
  }

  /// Adds the candidate to the population; the oldest member dies when it is full.
  ///
  /// - Precondition: the evaluation has one score per target.
  public mutating func tell(_ evaluation: Evaluation<Candidate>) {
    precondition(evaluation.scores.count == targetCount, "one score per target")
    state.members.append(evaluation)
    if state.members.count > configuration.population {
      state.members.remove(at: state.members.firstIndex { !$0.isFeasibleSomewhere } ?? 0)
    }
  }

  /// Continues from a stored state, with the scores of `history`.
  public mutating func restore(_ state: State, history: [Evaluation<Candidate>]) {
    novelty.remember(history.lazy.map(\.candidate))
    let latest = Dictionary(history.map { ($0.candidate, $0) }, uniquingKeysWith: { _, last in last })
    self.state = state
    self.state.members = state.members.map { latest[$0.candidate] ?? $0 }
  }

  private func selectParent(target: Int, using generator: inout SeededGenerator) -> Evaluation<Candidate> {
    let feasible = state.members.indices.filter { state.members[$0].scores[target].isFeasible }
    let eligible = feasible.isEmpty ? Array(state.members.indices) : feasible
    // Of equal scores the member drawn first stays, as in the paper's pseudo-code.
    var best = eligible[Int.random(in: eligible.indices, using: &generator)]
    for _ in 1..<configuration.tournament {
      let rival = eligible[Int.random(in: eligible.indices, using: &generator)]
      if state.members[rival].scores[target] < state.members[best].scores[target] { best = rival }
    }
    return state.members[best]
  }
}
