import Foundations
import MultiObjective
import Testing

/// Vectors of four digits; a mutation changes one of them.
struct DigitSource: CandidateSource {
  var base = 4

  func sample(using generator: inout SeededGenerator) -> [Int] {
    (0..<4).map { _ in Int.random(in: 0..<base, using: &generator) }
  }

  func mutate(_ candidate: [Int], using generator: inout SeededGenerator) -> [Int] {
    var copy = candidate
    let position = Int.random(in: 0..<4, using: &generator)
    copy[position] = (copy[position] + Int.random(in: 1..<base, using: &generator)) % base
    return copy
  }
}

/// Target 0 wants a small sum and admits everything; target 1 admits sums of at least 6.
func digitEvaluation(_ candidate: [Int], targets: Int) -> Evaluation<[Int]> {
  let sum = Double(candidate.reduce(0, +))
  let scores = [
    TargetScore(violation: 0, costs: [sum]),
    sum >= 6 ? TargetScore(violation: 0, costs: [sum]) : TargetScore(violation: 6 - sum, costs: []),
  ]
  return Evaluation(candidate: candidate, scores: Array(scores.prefix(targets)))
}

/// Asks and tells until the space is exhausted or `limit` is reached.
func drive<Strategy: SearchStrategy<[Int]>>(
  _ strategy: inout Strategy, generator: inout SeededGenerator, limit: Int, targets: Int
) -> [[Int]] {
  var asked: [[Int]] = []
  while asked.count < limit, let candidate = strategy.ask(using: &generator) {
    asked.append(candidate)
    strategy.tell(digitEvaluation(candidate, targets: targets))
  }
  return asked
}

@Suite struct SearchStrategyTests {
  private static func evolution(targets: Int, base: Int = 4) -> RegularizedEvolution<DigitSource> {
    RegularizedEvolution(
      source: DigitSource(base: base), configuration: .init(population: 12, tournament: 4),
      targetCount: targets)
  }

  @Test func bothStrategiesExhaustASpaceWithoutRepetition() {
    var generator = SeededGenerator(seed: 1)
    var evolution = Self.evolution(targets: 1)
    var random = RandomSearch(source: DigitSource())
    for asked in [
      drive(&evolution, generator: &generator, limit: .max, targets: 1),
      drive(&random, generator: &generator, limit: .max, targets: 1),
    ] {
      #expect(asked.count == 256)
      #expect(Set(asked).count == 256)
    }
  }

  @Test func askingForABatchGivesDistinctCandidates() {
    var generator = SeededGenerator(seed: 2)
    var evolution = Self.evolution(targets: 2)
    #expect(Set(evolution.ask(40, using: &generator)).count == 40)
    var tiny = RandomSearch(source: DigitSource(base: 2))
    #expect(tiny.ask(40, using: &generator).count == 16)
  }

  @Test(arguments: [1, 2], [1, 5, 12, 13, 40])
  func continuesFromAStoredStateAsIfNotInterrupted(targets: Int, stop: Int) throws {
    var generator = SeededGenerator(seed: 3)
    var whole = Self.evolution(targets: targets)
    let expected = drive(&whole, generator: &generator, limit: 60, targets: targets)

    var firstGenerator = SeededGenerator(seed: 3)
    var first = Self.evolution(targets: targets)
    let before = drive(&first, generator: &firstGenerator, limit: stop, targets: targets)
    // A candidate asked for but not told about is lost in a crash; its question must be repeated.
    var lost = firstGenerator
    var copy = first
    _ = copy.ask(using: &lost)
    var second = Self.evolution(targets: targets)
    try second.restore(
      encodedState: first.encodedState(),
      history: before.map { digitEvaluation($0, targets: targets) })
    let after = drive(&second, generator: &firstGenerator, limit: 60 - stop, targets: targets)
    #expect(before + after == expected)
  }

  @Test func aDamagedStateIsAnError() {
    var strategy = Self.evolution(targets: 1)
    #expect(throws: JSONFileError.self) { try strategy.restore(encodedState: "{}", history: []) }
  }

  @Test func ageingRemovesTheOldestMember() {
    var generator = SeededGenerator(seed: 4)
    var strategy = Self.evolution(targets: 1, base: 6)
    let asked = drive(&strategy, generator: &generator, limit: 50, targets: 1)
    #expect(strategy.state.members.map(\.candidate) == Array(asked.suffix(12)))
  }

  @Test func membersThatNoTargetAdmitsDieFirst() {
    var strategy = RegularizedEvolution(
      source: DigitSource(), configuration: .init(population: 3, tournament: 2))
    for (digit, violation) in [(0, 0.0), (1, 2.0), (2, 0.0), (3, 1.0), (4, 0.0)] {
      strategy.tell(
        Evaluation(
          candidate: [digit], scores: [TargetScore(violation: violation, costs: [0])]))
    }
    #expect(strategy.state.members.map(\.candidate) == [[0], [2], [4]])
  }

  @Test func aTournamentOfEverybodyPicksTheBestFeasibleParentOfTheTarget() {
    // With a tournament far larger than the population every member is drawn.
    var strategy = RegularizedEvolution(
      source: DigitSource(base: 9), configuration: .init(population: 3, tournament: 200), targetCount: 2)
    var generator = SeededGenerator(seed: 5)
    let scores: [[Int]: [TargetScore]] = [
      [0, 0, 0, 0]: [.init(violation: 0, costs: [5]), .init(violation: 3, costs: [])],
      [4, 4, 4, 4]: [.init(violation: 0, costs: [9]), .init(violation: 0, costs: [9])],
      [8, 8, 8, 8]: [.init(violation: 1, costs: []), .init(violation: 1, costs: [])],
    ]
    strategy.restore(
      .init(members: scores.map { Evaluation(candidate: $0.key, scores: $0.value) }, askedCount: 4),
      history: scores.map { Evaluation(candidate: $0.key, scores: $0.value) })
    let child = strategy.ask(using: &generator)!
    #expect(child.filter { $0 == 0 }.count == 3, "target 0: a mutation of 0000")
    let sibling = strategy.ask(using: &generator)!
    #expect(sibling.filter { $0 == 4 }.count == 3, "target 1: a mutation of 4444")
  }

  @Test func evolutionBeatsRandomSearchOnASmoothProblem() {
    var evolutionWins = 0
    for seed in UInt64(0)..<20 {
      var generator = SeededGenerator(seed: seed)
      var evolution = Self.evolution(targets: 1, base: 30)
      var random = RandomSearch(source: DigitSource(base: 30))
      let best = { (asked: [[Int]]) in asked.map { $0.reduce(0, +) }.min()! }
      let evolved = best(drive(&evolution, generator: &generator, limit: 150, targets: 1))
      let drawn = best(drive(&random, generator: &generator, limit: 150, targets: 1))
      if evolved < drawn { evolutionWins += 1 }
    }
    #expect(evolutionWins >= 17)
  }

  @Test func withoutAFeasibleMemberEvolutionMovesTowardsTheLimit() {
    var generator = SeededGenerator(seed: 6)
    var evolution = Self.evolution(targets: 1, base: 30)
    var violations: [Double] = []
    for _ in 0..<400 {
      let candidate = evolution.ask(using: &generator)!
      let violation = Double(candidate.reduce(0, +) + 1)
      violations.append(violation)
      evolution.tell(
        Evaluation(candidate: candidate, scores: [TargetScore(violation: violation, costs: [])]))
    }
    let randomMean = violations.prefix(12).reduce(0, +) / 12
    let lateMean = violations.suffix(30).reduce(0, +) / 30
    #expect(lateMean < 0.6 * randomMean)
  }
}
