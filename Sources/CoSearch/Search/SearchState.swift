import Foundations

/// What a search must remember between two trials to continue exactly as if it had not stopped.
public struct SearchState: Codable, Hashable, Sendable {
  /// The generator, as it was after the last recorded trial was asked for.
  public var generator: SeededGenerator
  /// The strategy that wrote ``strategyState``.
  public var strategy: String
  /// The strategy's own state (its population), one line of JSON.
  public var strategyState: String

  /// Creates a state.
  public init(generator: SeededGenerator, strategy: String, strategyState: String) {
    self.generator = generator
    self.strategy = strategy
    self.strategyState = strategyState
  }
}
