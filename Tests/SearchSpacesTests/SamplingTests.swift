import Foundations
import SearchSpaces
import Testing

@Suite struct SamplingTests {
  @Test(arguments: Spaces.stockNames)
  func samplesAreValidAndRepeatable(name: String) throws {
    let space = try Spaces.stock(name)
    var first = SeededGenerator(seed: 3)
    var second = SeededGenerator(seed: 3)
    var keys: Set<String> = []
    for _ in 0..<500 {
      let candidate = space.sample(using: &first)
      try space.validate(candidate)
      #expect(space.sample(using: &second) == candidate)
      keys.insert(candidate.key)
    }
    #expect(keys.count > 490)
  }

  /// Every decision's values come equally often: chi-square below its 1 − 10⁻⁴ quantile, for a fixed seed.
  @Test(arguments: Spaces.stockNames)
  func samplesAreUniform(name: String) throws {
    let space = try Spaces.stock(name)
    var generator = SeededGenerator(seed: 20)
    let samples = 4000
    let decisions = space.architectureDecisions + space.policyDecisions
    var counts: [String: [String: Int]] = [:]
    for _ in 0..<samples {
      let candidate = space.sample(using: &generator)
      for decision in decisions {
        counts[decision.name, default: [:]][space.value(of: decision, in: candidate), default: 0] += 1
      }
    }
    for decision in decisions {
      let expected = Double(samples) / Double(decision.values.count)
      let statistic = decision.values.reduce(0.0) { sum, value in
        let difference = Double(counts[decision.name]![value] ?? 0) - expected
        return sum + difference * difference / expected
      }
      #expect(counts[decision.name]!.count <= decision.values.count)
      #expect(statistic < Self.chiSquareLimit(degrees: decision.values.count - 1), "\(decision.name)")
    }
  }

  /// Wilson and Hilferty's approximation of the 1 − 10⁻⁴ quantile (doi 10.1073/pnas.17.12.684).
  static func chiSquareLimit(degrees: Int) -> Double {
    guard degrees > 0 else { return 1e-9 }
    let k = Double(degrees)
    let term = 1 - 2 / (9 * k) + 3.719 * (2 / (9 * k)).squareRoot()
    return k * term * term * term
  }

  @Test(arguments: Spaces.stockNames)
  func mutationChangesOneDecision(name: String) throws {
    let space = try Spaces.stock(name)
    var generator = SeededGenerator(seed: 5)
    var changed: [String: Int] = [:]
    let decisions = space.architectureDecisions + space.policyDecisions
    let open = decisions.filter { $0.values.count > 1 }
    var candidate = space.sample(using: &generator)
    for _ in 0..<3000 {
      let mutated = space.mutate(candidate, using: &generator)
      try space.validate(mutated)
      let differing = decisions.filter {
        space.value(of: $0, in: candidate) != space.value(of: $0, in: mutated)
      }
      #expect(differing.count == 1)
      changed[differing[0].name, default: 0] += 1
      candidate = mutated
    }
    let expected = 3000 / Double(open.count)
    let statistic = open.reduce(0.0) { sum, decision in
      let difference = Double(changed[decision.name] ?? 0) - expected
      return sum + difference * difference / expected
    }
    #expect(statistic < Self.chiSquareLimit(degrees: open.count - 1))
  }

  @Test(arguments: Spaces.stockNames)
  func crossoverTakesFromBothParents(name: String) throws {
    let space = try Spaces.stock(name)
    var generator = SeededGenerator(seed: 6)
    let decisions = space.architectureDecisions + space.policyDecisions
    var fromFirst = 0
    var differing = 0
    for _ in 0..<400 {
      let a = space.sample(using: &generator)
      let b = space.sample(using: &generator)
      let child = space.crossover(a, b, using: &generator)
      try space.validate(child)
      for decision in decisions {
        let values = [a, b, child].map { space.value(of: decision, in: $0) }
        #expect(values[2] == values[0] || values[2] == values[1])
        if values[0] != values[1] {
          differing += 1
          fromFirst += values[2] == values[0] ? 1 : 0
        }
      }
    }
    // Five standard deviations of a fair coin.
    #expect(abs(Double(fromFirst) - Double(differing) / 2) < 2.5 * Double(differing).squareRoot())
  }
}
