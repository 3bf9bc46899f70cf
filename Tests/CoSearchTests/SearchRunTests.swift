import CoSearch
import Foundation
import ScheduleTuning
import SearchSpaces
import Testing

@Suite struct SearchRunTests {
  private let files: TinyExperiment

  init() throws { files = try TinyExperiment() }

  /// The trials of an uninterrupted run, without wall-clock times.
  private func wholeRun(_ experiment: Experiment) throws -> (trials: [Trial], state: SearchState?) {
    let journal = MemoryJournal()
    _ = try SearchRun(
      experiment: experiment, evaluator: FakeEvaluation(experiment).evaluator, journal: journal
    ).run()
    return (journal.trials().map(\.withoutWallClock), journal.state())
  }

  @Test(arguments: ["random", "regularizedEvolution"])
  func equalSeedsGiveEqualTrialsAndFronts(strategy: String) throws {
    let experiment = try files.load(TinyExperiment.text(strategy: "{name: \(strategy)}"))
    let first = try wholeRun(experiment)
    let second = try wholeRun(experiment)
    #expect(first.trials == second.trials)
    #expect(first.state == second.state)
    var other = experiment
    other.seed += 1
    #expect(try wholeRun(other).trials.map(\.candidate) != first.trials.map(\.candidate))
  }

  @Test func noCandidateIsAskedForTwiceAndNoArchitectureTrainedTwice() throws {
    let experiment = try files.load(TinyExperiment.text(trials: 100))
    let fake = FakeEvaluation(experiment)
    let result = try SearchRun(
      experiment: experiment, evaluator: fake.evaluator, journal: MemoryJournal()
    ).run()
    #expect(Set(result.trials.map(\.candidate)).count == 100)
    #expect(result.trials.map(\.id) == Array(0..<100))
    let measured = result.trials.filter { $0.measurement != nil }
    let architectures = Set(measured.map(\.candidate.architecture))
    #expect(architectures.count < measured.count, "the test needs architectures under several policies")
    #expect(fake.accuracies.calls.count == architectures.count)
    for architecture in architectures {
      let estimates = measured.filter { $0.candidate.architecture == architecture }
        .map(\.measurement?.validation)
      #expect(Set(estimates).count == 1)
    }
  }

  @Test(arguments: [FailingJournal.Moment.beforeWriting, .afterWriting])
  func aRunKilledAtAnyWriteContinuesAsIfItHadNotBeen(moment: FailingJournal.Moment) throws {
    let experiment = try files.load(TinyExperiment.text(trials: 25))
    let expected = try wholeRun(experiment)
    for kill in 0..<25 {
      let journal = MemoryJournal()
      let first = FakeEvaluation(experiment)
      let failing = FailingJournal(journal, after: kill, moment: moment)
      #expect(throws: SearchError.self) {
        try SearchRun(experiment: experiment, evaluator: first.evaluator, journal: failing).run()
      }
      let finished = journal.trials().count
      #expect(finished == (moment == .afterWriting ? kill + 1 : kill))
      let second = FakeEvaluation(experiment)
      _ = try SearchRun(experiment: experiment, evaluator: second.evaluator, journal: journal).run()
      #expect(journal.trials().map(\.withoutWallClock) == expected.trials)
      #expect(journal.state() == expected.state)
      // Nothing that was recorded is trained again, under whatever policy.
      let known = Set(
        journal.trials().prefix(finished).filter { $0.measurement != nil }.map(\.candidate.architecture))
      let added = Set(
        journal.trials().dropFirst(finished).filter { $0.measurement != nil }.map(\.candidate.architecture))
      #expect(second.accuracies.calls.count == added.subtracting(known).count)
    }
  }

  @Test func aRunKilledSeveralTimesContinues() throws {
    let experiment = try files.load()
    let expected = try wholeRun(experiment)
    let journal = MemoryJournal()
    for step in [3, 1, 0, 7, 2] {
      let failing = FailingJournal(journal, after: step, moment: .beforeWriting)
      let fake = FakeEvaluation(experiment)
      #expect(throws: SearchError.self) {
        try SearchRun(experiment: experiment, evaluator: fake.evaluator, journal: failing).run()
      }
    }
    #expect(journal.trials().count == 13)
    let fake = FakeEvaluation(experiment)
    _ = try SearchRun(experiment: experiment, evaluator: fake.evaluator, journal: journal).run()
    #expect(journal.trials().map(\.withoutWallClock) == expected.trials)
  }

  @Test func moreTrialsContinueARunAsIfTheyHadBeenAskedForAtOnce() throws {
    var experiment = try files.load(TinyExperiment.text(trials: 15))
    let journal = MemoryJournal()
    let fake = FakeEvaluation(experiment)
    _ = try SearchRun(experiment: experiment, evaluator: fake.evaluator, journal: journal).run()
    experiment.trials = 40
    _ = try SearchRun(experiment: experiment, evaluator: fake.evaluator, journal: journal).run()
    #expect(try journal.trials().map(\.withoutWallClock) == wholeRun(experiment).trials)
  }

  @Test func cancellationStopsBetweenTrials() throws {
    let experiment = try files.load()
    let journal = MemoryJournal()
    let fake = FakeEvaluation(experiment)
    let result = try SearchRun(
      experiment: experiment, evaluator: fake.evaluator, journal: journal,
      isCancelled: { journal.trials().count == 9 }
    ).run()
    #expect(!result.isFinished)
    #expect(result.trials.count == 9)
    #expect(result.infeasible.isEmpty)
    let rest = try SearchRun(experiment: experiment, evaluator: fake.evaluator, journal: journal).run()
    #expect(rest.isFinished)
    #expect(try rest.trials.map(\.withoutWallClock) == wholeRun(experiment).trials)
  }

  @Test func theSearchEndsWhenTheSpaceIsExhausted() throws {
    let experiment = try files.load(TinyExperiment.text(trials: 10_000))
    let fake = FakeEvaluation(experiment)
    var wasTold = false
    let result = try SearchRun(
      experiment: experiment, evaluator: fake.evaluator, journal: MemoryJournal()
    ).run { event in
      if case .spaceExhausted = event { wasTold = true }
    }
    #expect(wasTold)
    #expect(result.isFinished)
    #expect("\(Set(result.trials.map(\.candidate)).count)" == experiment.space.candidateCount)
  }

  @Test func eventsCarryTheStandingAfterEveryTrial() throws {
    let experiment = try files.load()
    let fake = FakeEvaluation(experiment)
    var reported: [Trial] = []
    var last: SearchProgress?
    let result = try SearchRun(
      experiment: experiment, evaluator: fake.evaluator, journal: MemoryJournal()
    ).run { event in
      if case .trialFinished(let trial, let progress) = event {
        reported.append(trial)
        #expect(progress.finishedTrials == reported.count)
        last = progress
      }
    }
    #expect(reported == result.trials)
    let progress = try #require(last)
    #expect(progress.measuredTrials + progress.rejectedTrials + progress.failedTrials == 40)
    #expect(progress.best.mapValues(\.trialID) == result.summary.winners)
    let rejections = result.trials.flatMap(\.rejections.values)
    for reason in Rejection.Reason.allCases {
      #expect(progress.rejectionsByReason[reason] ?? 0 == rejections.filter { $0.reason == reason }.count)
    }
  }

  @Test func aFailedTrialDoesNotBreakTheSearch() throws {
    let experiment = try files.load(TinyExperiment.text(trials: 120))
    let fake = FakeEvaluation(experiment, divergingDivisor: 3)
    let result = try SearchRun(
      experiment: experiment, evaluator: fake.evaluator, journal: MemoryJournal()
    ).run()
    let failures = result.trials.filter { $0.outcome.kind == .failed }
    #expect(result.trials.count == 120)
    #expect(!failures.isEmpty)
    #expect(result.summary.tally.outcomes[.measured] ?? 0 > 0)
    #expect(result.summary.winners.values.allSatisfy { result.trials[$0].measurement != nil })
    // A divergence is remembered like an accuracy: one estimate per architecture.
    let estimated = result.trials.filter { $0.outcome.kind != .rejected }.map(\.candidate.architecture)
    #expect(fake.accuracies.calls.count == Set(estimated).count)
  }

  @Test func impossibleLimitsGiveTheSmallestArenaOfAllTrials() throws {
    let experiment = try files.load(TinyExperiment.text(devices: "[impossible, large]", trials: 60))
    let fake = FakeEvaluation(experiment)
    let result = try SearchRun(
      experiment: experiment, evaluator: fake.evaluator, journal: MemoryJournal()
    ).run()
    #expect(result.isFinished)
    #expect(Array(result.infeasible.keys) == ["impossible"])
    let report = try #require(result.infeasible["impossible"])
    let nearest = try #require(report.nearest)
    let arenas = result.trials.compactMap { trial -> Int? in
      guard trial.rejections["impossible"]?.reason != .disconnected else { return nil }
      return try? fake.evaluator.plan(trial.candidate, alignment: 64).arena.arenaBytes
    }
    #expect(nearest.arenaBytes == arenas.min())
    #expect(nearest.arenaBytes > report.limitBytes)
    #expect(!nearest.operatorName.isEmpty)
    #expect(report.description.contains(nearest.operatorName))
    #expect(report.rejections.values.reduce(0, +) == 60)
  }

  @Test func aFlashThatIsTooSmallIsNamedFirst() throws {
    let experiment = try files.load(TinyExperiment.text(devices: "[flashless]", trials: 60))
    let fake = FakeEvaluation(experiment)
    let result = try SearchRun(
      experiment: experiment, evaluator: fake.evaluator, journal: MemoryJournal()
    ).run()
    let report = try #require(result.infeasible["flashless"])
    let weights = result.trials.compactMap {
      try? fake.evaluator.plan($0.candidate, alignment: 64).weightBytes
    }
    let smallest = try #require(weights.min())
    #expect(smallest > 100)
    #expect(report.lightest?.weightBytes == smallest)
    #expect(report.description.hasPrefix("the smallest weights for flashless"))
    #expect(report.description.contains("\(smallest) B") && report.description.contains("limit is 100 B"))
    #expect(!report.description.contains("arena for"))
  }

  @Test func aDeviceThatTheExperimentDoesNotHaveIsAnError() throws {
    let experiment = try files.load(TinyExperiment.text(trials: 20))
    let fake = FakeEvaluation(experiment)
    let journal = MemoryJournal()
    let trials = try SearchRun(experiment: experiment, evaluator: fake.evaluator, journal: journal).run()
      .trials
    var trial = try #require(trials.first { $0.isFeasible(on: "large") })
    guard case .measured(var measurement) = trial.outcome else { return }
    measurement.devices["lorge"] = measurement.devices.removeValue(forKey: "large")
    trial.outcome = .measured(measurement)
    journal.replace(trial)
    #expect {
      try SearchRun(experiment: experiment, evaluator: fake.evaluator, journal: journal).run()
    } throws: {
      "\($0)".contains("trial \(trial.id) names the device 'lorge'")
    }
  }

  @Test func aSearchWithNothingFeasibleTrainsAndMeasuresNothing() throws {
    let experiment = try files.load(TinyExperiment.text(devices: "[impossible]", trials: 30))
    let fake = FakeEvaluation(experiment)
    let result = try SearchRun(
      experiment: experiment, evaluator: fake.evaluator, journal: MemoryJournal()
    ).run()
    #expect(result.trials.count == 30)
    #expect(fake.accuracies.calls.isEmpty)
    #expect(fake.latencies.calls.isEmpty)
    #expect(result.summary.front.isEmpty)
  }

  @Test func aJournalOfAnotherStrategyIsRefused() throws {
    let journal = MemoryJournal()
    let evolution = try files.load(TinyExperiment.text(trials: 5))
    let fake = FakeEvaluation(evolution)
    _ = try SearchRun(experiment: evolution, evaluator: fake.evaluator, journal: journal).run()
    let random = try files.load(TinyExperiment.text(strategy: "{name: random}"))
    #expect {
      try SearchRun(experiment: random, evaluator: fake.evaluator, journal: journal).run()
    } throws: {
      "\($0)".contains("regularizedEvolution")
    }
  }
}
