import AccuracyEstimation
import ComputationGraph
import Foundation
import Foundations
import SearchSpaces
import Testing

@Suite struct HalvingTests {
  /// Learning curves: accuracy = final − gap · cost^(−½), so that cheap estimates rank roughly, dear ones well.
  private struct Curves {
    let final: [Double]
    let gap: [Double]

    init(count: Int, seed: UInt64) {
      var generator = SeededGenerator(seed: seed)
      final = (0..<count).map { _ in .random(in: 0.5...0.95, using: &generator) }
      gap = (0..<count).map { _ in .random(in: 0.1...0.5, using: &generator) }
    }

    func accuracy(_ candidate: Int, cost: Double) -> Double {
      max(0, final[candidate] - gap[candidate] / cost.squareRoot())
    }
  }

  private func estimate(_ accuracy: Double, fidelity: Fidelity) -> AccuracyEstimate {
    AccuracyEstimate(
      accuracy: accuracy, estimator: "curve", split: "validation", trainImages: fidelity.trainImages,
      validationImages: 10, epochs: fidelity.epochs, seconds: 0)
  }

  @Test func laddersGrowByEta() {
    let ladder = Fidelity.ladder(top: Fidelity(trainImages: 8100, epochs: 2), rungs: 4, eta: 3)
    #expect(ladder.map(\.trainImages) == [300, 900, 2700, 8100])
    #expect(ladder.map(\.cost) == [600, 1800, 5400, 16_200])
    #expect(Fidelity.ladder(top: Fidelity(trainImages: 2, epochs: 1), rungs: 4, eta: 3)[0].trainImages == 1)
  }

  /// Against the definition: the survivors of each rung are the best third of those before, ranked at that rung's cost.
  @Test(arguments: UInt64(0)..<20) func survivorsAreTheBestOfTheirRung(seed: UInt64) throws {
    let curves = Curves(count: 40, seed: seed)
    let costs = [1.0, 3, 9, 27]
    var calls: [[Int]] = [[], [], [], []]
    let result = SuccessiveHalving(rungs: 4, eta: 3).run(count: 40) { candidate, rung in
      calls[rung].append(candidate)
      return estimate(
        curves.accuracy(candidate, cost: costs[rung]),
        fidelity: Fidelity(trainImages: Int(costs[rung]), epochs: 1))
    }
    var expected = Array(0..<40)
    for rung in 0..<4 {
      #expect(calls[rung] == expected.sorted())
      if rung == 3 { break }
      let count = [40, 13, 4, 1][rung + 1]
      expected = Array(
        expected.sorted { curves.accuracy($0, cost: costs[rung]) > curves.accuracy($1, cost: costs[rung]) }
          .prefix(count))
      #expect(
        result.thresholds[rung] == expected.map { curves.accuracy($0, cost: costs[rung]) }.min())
    }
    #expect(result.best == expected[0])
    #expect(result.outcomes[result.best!].rung == 3)
    #expect(result.outcomes[result.best!].estimate?.trainImages == 27)
    for (candidate, outcome) in result.outcomes.enumerated() {
      #expect(calls[outcome.rung].contains(candidate) && outcome.failure == nil)
    }
    // Few candidates are much better than the one that was found.
    #expect(curves.final.filter { $0 > curves.final[result.best!] + 0.05 }.count <= 6)
  }

  @Test func failuresGoNoFurtherAndTiesGoToTheFirst() {
    let halving = SuccessiveHalving(rungs: 2, eta: 2)
    let result = halving.run(count: 6) { (candidate, rung) throws(EstimationError) in
      if candidate < 2 { throw .diverged(step: 1, loss: .infinity) }
      return estimate(0.5, fidelity: Fidelity(trainImages: rung, epochs: 1))
    }
    #expect(result.outcomes.map(\.rung) == [0, 0, 1, 1, 1, 0])
    #expect(result.outcomes[0].failure == .diverged(step: 1, loss: .infinity))
    #expect(result.best == 2)
    let none = halving.run(count: 3) { (_, _) throws(EstimationError) in throw .unavailable(reason: "no") }
    #expect(none.best == nil && none.thresholds == [nil])
    #expect(halving.run(count: 0) { _, _ in fatalError("nobody is there") }.outcomes.isEmpty)
  }

  /// The table of the Hyperband paper (arXiv 1603.06560, table 1): R = 81, eta = 3.
  @Test func bracketsAreThoseOfThePaper() {
    let hyperband = Hyperband(rungs: 5, eta: 3)
    #expect(hyperband.brackets.map(\.count) == [81, 34, 15, 8, 5])
    #expect(hyperband.brackets.map(\.firstRung) == [0, 1, 2, 3, 4])
    #expect(hyperband.halving.counts(of: 81) == [81, 27, 9, 3, 1])
    #expect(hyperband.halving.counts(of: 8, from: 3) == [8, 2])
  }

  @Test func hyperbandDrawsUntilThereAreNoneLeft() {
    let curves = Curves(count: 60, seed: 3)
    func run() -> [(candidates: [Int], result: SuccessiveHalving.Result)] {
      var next = 0
      return Hyperband(rungs: 3, eta: 3).run {
        defer { next += 1 }
        return next < 15 ? next : nil
      } estimate: { candidate, rung in
        estimate(
          curves.accuracy(candidate, cost: [1, 3, 9][rung]), fidelity: Fidelity(trainImages: rung, epochs: 1))
      }
    }
    let brackets = run()
    #expect(brackets.map(\.candidates) == [Array(0..<9), Array(9..<14), [14]])
    #expect(brackets.map { $0.result.outcomes.map(\.rung) } == run().map { $0.result.outcomes.map(\.rung) })
    #expect(brackets[2].result.outcomes[0].rung == 2)
  }

  /// An estimator of one fidelity that reads the candidate's number from its architecture.
  private struct Rung: AccuracyEstimator {
    let curves: Curves
    let cost: Double
    var name: String { "curve" }
    var costDescription: String { "cost \(cost)" }

    func estimate(_ subject: EstimationSubject, seed: UInt64) -> AccuracyEstimate {
      AccuracyEstimate(
        accuracy: curves.accuracy(Int(subject.architecture.choices["number"]!)!, cost: cost), estimator: name,
        split: "validation", trainImages: Int(cost), validationImages: 1, epochs: 1, seconds: 1)
    }
  }

  @Test func theEstimatorStopsBelowItsThresholds() throws {
    let curves = Curves(count: 40, seed: 8)
    var builder = GraphBuilder(name: "none")
    let image = builder.input("image", shape: [1, 1, 1, 1])
    let flat = try builder.add(.flatten, [image])
    let logits = try builder.fullyConnected(flat, outputs: 2)
    let graph = try builder.build(outputs: [logits])
    let subjects = (0..<40).map {
      EstimationSubject(
        architecture: Architecture(space: "curves", choices: ["number": "\($0)"]), training: graph)
    }
    let rungs = [1.0, 3, 9].map { Rung(curves: curves, cost: $0) }
    let learnt = SuccessiveHalving(rungs: 3, eta: 3).run(subjects, rungs: rungs, seed: { _ in 1 })
    let estimator = HalvingEstimator(rungs: rungs, thresholds: learnt.thresholds)
    for (number, subject) in subjects.enumerated() {
      let found = try estimator.estimate(subject, seed: 1)
      // On the sample itself, who goes on is who went on.
      let outcome = learnt.outcomes[number]
      #expect(found.accuracy == outcome.estimate?.accuracy)
      #expect(found.trainImages == [1, 3, 9][outcome.rung] && found.seconds == Double(outcome.rung + 1))
      #expect(found.merit == Double(outcome.rung) + found.accuracy!)
    }
    let strict = HalvingEstimator(rungs: rungs, thresholds: [nil, nil])
    #expect(try strict.estimate(subjects[0], seed: 1).trainImages == 1)
  }
}
