import ComputationGraph
import CoSearch
import Devices
import Foundations
import Kernels
import ScheduleTuning
import SearchSpaces
import Testing

/// Policies that fit kernels to a device's memory: row tile `fit`.
@Suite struct FittedKernelTests {
  private let files: TinyExperiment

  init() throws {
    files = try TinyExperiment()
    // Real measurements in the tests below, as short as they can be.
    let short = "measurement: {warmup: 0, repeats: 1, minimumSampleMilliseconds: 0}"
    try files.folder.write(
      TinyExperiment.device("small", memory: "10KiB", more: short), to: "Devices/small.yaml")
    try files.folder.write(
      TinyExperiment.device("large", memory: "40KiB", more: short), to: "Devices/large.yaml")
  }

  private func with(_ tile: RowTile, _ candidate: Candidate) -> Candidate {
    var policy = candidate.policy
    policy.rowTile = tile
    return Candidate(architecture: candidate.architecture, policy: policy)
  }

  private func candidates(_ space: SearchSpace, seed: UInt64, count: Int) -> [Candidate] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in with(.fit, space.sample(using: &generator)) }
  }

  /// What fits with one row at a time fits, and some that does not, since other kernels need less workspace; what is
  /// rejected does not fit without any workspace.
  @Test func nothingThatFitsWithTheSmallestWorkspacesIsRejected() throws {
    let experiment = try files.load(TinyExperiment.text(devices: "[impossible, small, large, huge]"))
    let fake = FakeEvaluation(experiment)
    var admitted = 0
    var more = 0
    for candidate in candidates(experiment.space, seed: 31, count: 80) {
      let rows = with(.rows(1), candidate)
      let fitted = Trial(
        id: 0, candidate: candidate,
        outcome: try fake.evaluator.evaluate(candidate, for: experiment.devices), seconds: 0)
      let least = Trial(
        id: 0, candidate: rows, outcome: try fake.evaluator.evaluate(rows, for: experiment.devices),
        seconds: 0)
      #expect(Set(fitted.rejections.keys).isSubset(of: least.rejections.keys))
      let names = Set(fitted.measurement.map { Array($0.devices.keys) } ?? [])
      #expect(names.isSuperset(of: least.measurement.map { Array($0.devices.keys) } ?? []))
      more += names.count - (least.measurement?.devices.count ?? 0)
      for device in experiment.devices {
        guard let result = fitted.measurement?.devices[device.name] else { continue }
        admitted += 1
        #expect(result.peak.bytes <= result.arenaBytes)
        #expect(result.arenaBytes <= device.arenaLimitBytes)
        #expect(fitted.measurement!.trivialBoundBytes <= result.peak.bytes)
        #expect(result.livePeakBytes <= result.peak.bytes)
      }
    }
    #expect(admitted > 60 && more > 5)
  }

  /// The fake latencies make 8 rows the fastest: the large device can afford them more often.
  @Test func devicesGetPlansOfTheirOwn() throws {
    let experiment = try files.load(TinyExperiment.text(devices: "[small, large]"))
    let fake = FakeEvaluation(experiment)
    var differing = 0
    for candidate in candidates(experiment.space, seed: 32, count: 120) {
      let before = fake.latencies.calls.count
      let outcome = try fake.evaluator.evaluate(candidate, for: experiment.devices)
      guard case .measured(let measurement) = outcome,
        let small = measurement.devices["small"], let large = measurement.devices["large"]
      else { continue }
      let alone = try fake.evaluator.evaluate(candidate, for: [experiment.devices[0]])
      guard case .measured(let onSmall) = alone else {
        Issue.record("admitted with another device beside it only")
        continue
      }
      #expect(onSmall.devices["small"] == small, "the plan depends on which other devices there are")
      if small.arenaBytes != large.arenaBytes {
        differing += 1
        #expect(small.arenaBytes < large.arenaBytes)
        #expect(fake.latencies.calls.count == before + 3, "two plans, and one of them again alone")
      }
    }
    #expect(differing > 5)
  }

  @Test func nothingIsMeasuredForWhatDoesNotFit() throws {
    let experiment = try files.load(TinyExperiment.text(devices: "[impossible, flashless]"))
    let fake = FakeEvaluation(experiment)
    for candidate in candidates(experiment.space, seed: 33, count: 30) {
      let outcome = try fake.evaluator.evaluate(candidate, for: experiment.devices)
      #expect(outcome.kind == .rejected)
    }
    #expect(fake.operatorLatencies.calls.isEmpty && fake.latencies.calls.isEmpty)
  }

  @Test func brokenSourcesAreReportedAsForWholeNetworks() throws {
    struct Broken: LatencySource {
      let error: LatencySourceError
      func latency(of network: PlannedNetwork, on device: DeviceProfile) throws(LatencySourceError)
        -> LatencyStatistics
      { LatencyStatistics(sampleMilliseconds: [1], warmup: 0, threads: 1) }
      func operatorMilliseconds(
        of id: OperatorID, in graph: Graph, under schedules: [KernelSchedule], on device: DeviceProfile
      ) throws(LatencySourceError) -> [Double] { throw error }
    }
    let experiment = try files.load(TinyExperiment.text(devices: "[huge]"))
    func evaluator(_ error: LatencySourceError) -> CandidateEvaluator {
      CandidateEvaluator(
        experiment: experiment, latency: Broken(error: error), accuracy: FakeAccuracy(counter: Counter()))
    }
    let convolutional = candidates(experiment.space, seed: 34, count: 60).first {
      $0.architecture.choices.values.contains("conv")
        && (try? evaluator(.network(reason: "")).plan($0, alignment: 64)) != nil
    }
    let candidate = try #require(convolutional)
    let outcome = try evaluator(.network(reason: "no kernel")).evaluate(candidate, for: experiment.devices)
    guard case .failed(let failure) = outcome else {
      Issue.record("not failed: \(outcome)")
      return
    }
    #expect(failure.stage == .latency && failure.message.contains("no kernel"))
    #expect(throws: SearchError.self) {
      try evaluator(.database(reason: "disk full")).evaluate(candidate, for: experiment.devices)
    }
  }

  /// Real measurements: the same database gives the same trials, whether or not the search was killed meanwhile.
  @Test func aKilledSearchContinuesFromTheDatabase() throws {
    let space = TinyExperiment.space.replacing("rowTile: [1, whole, fit]", with: "rowTile: [whole, fit]")
    try files.folder.write(space, to: "tiny.yaml")
    let experiment = try files.load(TinyExperiment.text(trials: 20))
    let database = InMemoryLatencyDatabase()
    func evaluator() -> CandidateEvaluator {
      CandidateEvaluator(
        experiment: experiment, latency: DatabaseLatencySource(database: database),
        accuracy: FakeAccuracy(counter: Counter()))
    }
    let whole = MemoryJournal()
    _ = try SearchRun(experiment: experiment, evaluator: evaluator(), journal: whole).run()
    let expected = whole.trials().map(\.withoutWallClock)
    #expect(
      expected.contains { $0.candidate.policy.rowTile == .fit && $0.measurement != nil },
      "no fitted candidate was measured")
    for kill in [0, 5, 12, 19] {
      let journal = MemoryJournal()
      #expect(throws: SearchError.self) {
        try SearchRun(
          experiment: experiment, evaluator: evaluator(),
          journal: FailingJournal(journal, after: kill, moment: .beforeWriting)
        ).run()
      }
      _ = try SearchRun(experiment: experiment, evaluator: evaluator(), journal: journal).run()
      #expect(journal.trials().map(\.withoutWallClock) == expected)
      #expect(journal.state() == whole.state())
    }
    for trial in expected {
      let again = try evaluator().evaluation(of: trial.candidate, experiment: experiment)
      let found = Trial(id: trial.id, candidate: trial.candidate, outcome: again.outcome, seconds: 0)
      #expect(found.withoutWallClock == trial)
    }
  }
}
