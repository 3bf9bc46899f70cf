import Foundations

/// Uniformly random candidates without repetition: the baseline that every strategy must beat.
public struct RandomSearch<Source: CandidateSource>: SearchStrategy {
  /// The point type of the source.
  public typealias Candidate = Source.Candidate

  /// Random search remembers nothing but how often it was told.
  public struct State: Codable, Hashable, Sendable {
    /// The number of evaluations told.
    public var toldCount = 0
  }

  private var novelty: NoveltyFilter<Source>
  /// What must be kept to continue.
  public private(set) var state = State()
  /// `random`.
  public var name: String { "random" }

  /// Creates a random search over `source`.
  public init(source: Source) { novelty = NoveltyFilter(source: source) }

  /// A random new candidate, or nil when the space is exhausted.
  public mutating func ask(using generator: inout SeededGenerator) -> Candidate? {
    novelty.newSample(using: &generator)
  }

  /// Counts the evaluation; nothing is learned.
  public mutating func tell(_ evaluation: Evaluation<Candidate>) { state.toldCount += 1 }

  /// Continues from a stored state.
  public mutating func restore(_ state: State, history: [Evaluation<Candidate>]) {
    self.state = state
    novelty.remember(history.lazy.map(\.candidate))
  }
}
