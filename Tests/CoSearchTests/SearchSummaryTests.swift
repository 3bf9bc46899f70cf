import CoSearch
import Foundation
import SearchSpaces
import Testing

@Suite struct SearchSummaryTests {
  @Test(arguments: [1, 2, 3]) func frontsAndWinnersEqualTheirDefinitions(seed: Int) throws {
    let files = try TinyExperiment()
    let experiment = try files.load(TinyExperiment.text(trials: 90, seed: seed))
    let fake = FakeEvaluation(experiment)
    let result = try SearchRun(
      experiment: experiment, evaluator: fake.evaluator, journal: MemoryJournal()
    ).run()
    for device in ["small", "large"] {
      let points = result.trials.compactMap { trial -> (id: Int, accuracy: Double, cost: [Double])? in
        guard let measurement = trial.measurement, let own = measurement.devices[device] else { return nil }
        return (
          trial.id, measurement.validation.accuracy!,
          [own.latency.medianMilliseconds, Double(own.peak.bytes)]
        )
      }
      func vector(_ point: (id: Int, accuracy: Double, cost: [Double])) -> [Double] {
        [-point.accuracy] + point.cost
      }
      let front = points.filter { point in
        !points.contains { other in
          let pairs = Array(zip(vector(other), vector(point)))
          let isNoWorse = pairs.allSatisfy { $0 <= $1 }
          return isNoWorse && (vector(other) != vector(point) || other.id < point.id)
        }
      }
      #expect(result.summary.fronts[device] == front.map(\.id))
      let best = points.map(\.accuracy).max()!
      let ranked = points.filter { $0.accuracy == best }.sorted {
        ($0.cost[0], $0.cost[1], $0.id) < ($1.cost[0], $1.cost[1], $1.id)
      }
      #expect(result.summary.winners[device] == ranked[0].id)
      #expect(result.summary.fronts[device]?.contains(ranked[0].id) == true)
    }
    #expect(result.summary.front == Set(result.summary.fronts.values.joined()).sorted())
  }

  @Test func onlyTheDevicesAskedForHaveWinners() throws {
    let files = try TinyExperiment()
    let experiment = try files.load(TinyExperiment.text(trials: 40))
    let result = try SearchRun(
      experiment: experiment, evaluator: FakeEvaluation(experiment).evaluator, journal: MemoryJournal()
    ).run()
    try #require(result.summary.winners.count == 2)
    let summary = SearchSummary(trials: result.trials, devices: ["large", "unknown"])
    #expect(summary.winners == ["large": result.summary.winners["large"]!])
  }
}
