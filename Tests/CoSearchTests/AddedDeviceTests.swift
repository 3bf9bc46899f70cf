import CoSearch
import SearchSpaces
import Testing

@Suite struct AddedDeviceTests {
  private let files: TinyExperiment

  init() throws { files = try TinyExperiment() }

  @Test func recordedTrialsAreJudgedForAnAddedDevice() throws {
    let before = try files.load(TinyExperiment.text(devices: "[small]", trials: 30))
    let after = try files.load(TinyExperiment.text(devices: "[small, large, huge]", trials: 45))
    let journal = MemoryJournal()
    _ = try SearchRun(
      experiment: before, evaluator: FakeEvaluation(before).evaluator, journal: journal
    ).run()
    let old = journal.trials()
    let fake = FakeEvaluation(after)
    var rejudged: [Int] = []
    let result = try SearchRun(experiment: after, evaluator: fake.evaluator, journal: journal).run {
      if case .trialRejudged(let trial) = $0 { rejudged.append(trial.id) }
    }
    #expect(rejudged == Array(0..<30))
    #expect(result.trials.count == 45)
    #expect(journal.trials() == result.trials)
    for trial in result.trials {
      let direct = try fake.evaluator.evaluate(trial.candidate, for: after.devices)
      let expected = Trial(id: trial.id, candidate: trial.candidate, outcome: direct, seconds: 0)
      #expect(trial.withoutWallClock == expected.withoutWallClock)
    }
    // What was found for the device of the first session is still there, times included.
    for (first, last) in zip(old, result.trials) {
      #expect(last.measurement?.devices["small"] == first.measurement?.devices["small"])
      #expect(last.rejections["small"] == first.rejections["small"])
      if let validation = first.measurement?.validation {
        #expect(last.measurement?.validation == validation)
      }
    }
    #expect(Set(result.summary.winners.keys) == ["small", "large", "huge"])
  }

  @Test(arguments: [0, 1, 13, 29]) func aKillDuringTheJudgingIsHarmless(kill: Int) throws {
    let before = try files.load(TinyExperiment.text(devices: "[small]", trials: 30))
    let after = try files.load(TinyExperiment.text(devices: "[small, large]", trials: 40))
    func run(_ experiment: Experiment, _ journal: any SearchJournal) throws {
      _ = try SearchRun(
        experiment: experiment, evaluator: FakeEvaluation(experiment).evaluator, journal: journal
      ).run()
    }
    let whole = MemoryJournal()
    try run(before, whole)
    try run(after, whole)
    let interrupted = MemoryJournal()
    try run(before, interrupted)
    #expect(throws: SearchError.self) {
      try run(after, FailingJournal(interrupted, after: kill, moment: .beforeWriting))
    }
    try run(after, interrupted)
    #expect(interrupted.trials().map(\.withoutWallClock) == whole.trials().map(\.withoutWallClock))
    #expect(interrupted.state() == whole.state())
  }
}
