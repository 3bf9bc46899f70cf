import Foundations

/// Proposes candidates and learns from their evaluations.
///
/// A strategy is deterministic: what it asks for is a function of its configuration, of the generator and of
/// what it has been told, in that order. It never asks for the same candidate twice.
///
///     while let candidate = strategy.ask(using: &generator) {
///       strategy.tell(evaluate(candidate))
///     }
public protocol SearchStrategy<Candidate>: Sendable {
  /// What is searched for.
  associatedtype Candidate: Hashable & Codable & Sendable
  /// What must be kept to continue after a stop, besides the generator and the list of candidates asked for.
  associatedtype State: Codable & Sendable

  /// The strategy's name in experiments.
  var name: String { get }

  /// The state to store.
  var state: State { get }

  /// The next candidate, never asked for before; nil when no new one could be found (the space is exhausted).
  mutating func ask(using generator: inout SeededGenerator) -> Candidate?

  /// Takes note of an evaluation; evaluations come in the order in which their candidates were asked for.
  mutating func tell(_ evaluation: Evaluation<Candidate>)

  /// Continues from a stored state; `history` holds every evaluation told so far, in order.
  ///
  /// The scores of `history` replace those of the state, so that targets may be added between two runs.
  mutating func restore(_ state: State, history: [Evaluation<Candidate>])
}

extension SearchStrategy {
  /// Up to `count` new candidates, all to be evaluated before the next one is asked for.
  public mutating func ask(_ count: Int, using generator: inout SeededGenerator) -> [Candidate] {
    var batch: [Candidate] = []
    while batch.count < count, let candidate = ask(using: &generator) { batch.append(candidate) }
    return batch
  }

  /// The state as one line of JSON.
  public func encodedState() throws -> String { try JSONFile.encodeLine(state) }

  /// Continues from a state that ``encodedState()`` wrote; see ``restore(_:history:)``.
  ///
  /// - Throws: `JSONFileError` when the text is no state of this strategy.
  public mutating func restore(encodedState: String, history: [Evaluation<Candidate>]) throws(JSONFileError) {
    let source = "stored state of the strategy \(name)"
    let data = try JSONFile.decode(State.self, from: .init(encodedState.utf8), source: source)
    restore(data, history: history)
  }
}
