import AccuracyEstimation
import CoSearch
import ExperimentStore
import Foundation
import Testing

@Suite struct RunStoreTests {
  private let folder: TemporaryFolder
  private var file: URL { folder.url.appending(path: "trials.sqlite") }

  init() throws { folder = try TemporaryFolder() }

  private func fill(_ store: RunStore, _ trials: [Trial]) throws {
    for trial in trials { try store.record(trial, state: RandomTrials.state(trial.id)) }
  }

  @Test(arguments: [UInt64(1), 2, 3]) func everythingIsReadBackAsItWasWritten(seed: UInt64) throws {
    let trials = RandomTrials.make(40, seed: seed)
    let store = try RunStore(at: file)
    #expect(try store.trials().isEmpty)
    #expect(try store.state() == nil)
    try fill(store, trials)
    try store.record(RandomTrials.finalResult(7))
    try store.record(RandomTrials.finalResult(3))
    try store.close()

    let again = try RunStore(at: file)
    #expect(try again.trials() == trials)
    #expect(try again.trial(5) == trials[5])
    #expect(try again.trial(99) == nil)
    #expect(try again.state() == RandomTrials.state(39))
    #expect(try again.finalResults() == [RandomTrials.finalResult(3), RandomTrials.finalResult(7)])
  }

  @Test func scoresAreStoredLikeAccuracies() throws {
    var trial = RandomTrials.make(20, seed: 9).first { $0.measurement != nil }!
    guard case .measured(var measurement) = trial.outcome else { return }
    for (accuracy, score) in [(nil, -7.25), (0.5, 0.25)] as [(Double?, Double)] {
      measurement.validation = AccuracyEstimate(
        accuracy: accuracy, score: score, estimator: "synflow", split: "none", trainImages: 0,
        validationImages: 0, epochs: 0, seconds: 0.5)
      trial = Trial(id: 0, candidate: trial.candidate, outcome: .measured(measurement), seconds: 1)
      let url = folder.url.appending(path: "scores\(score).sqlite")
      let store = try RunStore(at: url)
      try fill(store, [trial])
      try store.close()
      #expect(try RunStore(readingFrom: url).trials() == [trial])
      let summary = SearchSummary(trials: [trial], devices: Array(measurement.devices.keys))
      let lines = FrontTable.text(
        trials: [trial], summary: summary, devices: measurement.devices.keys.sorted()
      ).split(separator: "\n")
      #expect(lines[1].hasSuffix(",\(score)"))
      #expect(lines[1].contains(",\(accuracy.map { "\($0)" } ?? ""),"))
    }
  }

  @Test func aTrialCanBeReplacedButNotRecordedTwice() throws {
    let store = try RunStore(at: file)
    let trials = RandomTrials.make(6, seed: 4)
    try fill(store, trials)
    try store.record(RandomTrials.finalResult(2))
    var other = RandomTrials.make(20, seed: 5).first { $0.measurement != nil }!
    other = Trial(id: 2, candidate: trials[2].candidate, outcome: other.outcome, seconds: 9)
    try store.replace(other)
    #expect(try store.trials()[2] == other)
    #expect(try store.trials().count == 6)
    #expect(throws: JournalError.self) { try store.record(trials[3], state: RandomTrials.state(9)) }
    #expect(try store.state() == RandomTrials.state(5), "a failed record leaves nothing behind")
    let repeated = Trial(id: 6, candidate: trials[0].candidate, outcome: other.outcome, seconds: 0)
    #expect(throws: JournalError.self) { try store.record(repeated, state: RandomTrials.state(9)) }
  }

  /// What kill -9 leaves is what the files hold at that moment: they are copied while the store is open.
  @Test func aCopyTakenAtAnyMomentHoldsEveryFinishedTrial() throws {
    let trials = RandomTrials.make(8, seed: 6)
    let store = try RunStore(at: file)
    for trial in trials {
      try store.record(trial, state: RandomTrials.state(trial.id))
      let crash = folder.url.appending(path: "crash-\(trial.id)")
      try FileManager.default.createDirectory(at: crash, withIntermediateDirectories: true)
      for suffix in ["", "-wal", "-shm"] {
        let name = "trials.sqlite" + suffix
        try FileManager.default.copyItem(
          at: folder.url.appending(path: name), to: crash.appending(path: name))
      }
      let survivor = try RunStore(at: crash.appending(path: "trials.sqlite"))
      #expect(try survivor.trials() == Array(trials.prefix(trial.id + 1)))
      #expect(try survivor.state() == RandomTrials.state(trial.id))
    }
    // A write-ahead log that was torn in the middle loses at most the transactions that had not ended.
    let torn = folder.url.appending(path: "crash-7")
    let wal = folder.url.appending(path: "trials.sqlite-wal")
    let bytes = try Data(contentsOf: wal)
    for name in ["trials.sqlite-shm", "trials.sqlite-wal", "trials.sqlite"] {
      try? FileManager.default.removeItem(at: torn.appending(path: name))
    }
    try FileManager.default.copyItem(at: file, to: torn.appending(path: "trials.sqlite"))
    try bytes.dropLast(bytes.count / 3).write(to: torn.appending(path: "trials.sqlite-wal"))
    let survivor = try RunStore(at: torn.appending(path: "trials.sqlite"))
    let kept = try survivor.trials()
    #expect(kept == Array(trials.prefix(kept.count)))
    #expect(!kept.isEmpty && kept.count < trials.count)
    #expect(try survivor.state() == kept.last.map { RandomTrials.state($0.id) })
  }

  @Test func readersSeeTheLastCommittedTrialWhileTheStoreIsOpen() throws {
    let trials = RandomTrials.make(5, seed: 7)
    let store = try RunStore(at: file)
    let reader = try RunStore(readingFrom: file)
    for trial in trials {
      try store.record(trial, state: RandomTrials.state(trial.id))
      #expect(try reader.trials() == Array(trials.prefix(trial.id + 1)))
    }
    #expect(FileManager.default.fileExists(atPath: file.path + "-wal"))
    #expect(throws: JournalError.self) {
      try reader.record(trials[0], state: RandomTrials.state(0))
    }
    try store.close()
    #expect(try RunStore(readingFrom: file).trials() == trials)
  }

  @Test func filesThatAreNoStoreAreRefusedAndLeftAlone() throws {
    let text = Data("this is not a database, only a text of some length".utf8)
    try text.write(to: file)
    #expect {
      _ = try RunStore(at: file)
    } throws: {
      if case StoreError.damaged(let path, _) = $0 { path == file.path } else { false }
    }
    #expect(try Data(contentsOf: file) == text)
    #expect(throws: StoreError.self) { _ = try RunStore(readingFrom: file) }

    let other = folder.url.appending(path: "schedules.sqlite")
    _ = try ScheduleDatabase(at: other)
    #expect {
      _ = try RunStore(at: other)
    } throws: {
      if case StoreError.foreign = $0 { true } else { false }
    }
    #expect(throws: StoreError.self) {
      _ = try RunStore(readingFrom: folder.url.appending(path: "nowhere.sqlite"))
    }
    #expect(throws: StoreError.self) {
      _ = try RunStore(at: folder.url.appending(path: "no/such/folder/trials.sqlite"))
    }
  }

  @Test func damagedPagesAreAnErrorNotACrash() throws {
    let store = try RunStore(at: file)
    try fill(store, RandomTrials.make(200, seed: 8))
    try store.close()
    let intact = try Data(contentsOf: file)
    var refusals = 0
    for start in stride(from: 4096, to: intact.count - 4096, by: 4096) {
      var damaged = intact
      damaged.replaceSubrange(start..<start + 64, with: Data(repeating: 0xA5, count: 64))
      try damaged.write(to: file)
      do {
        _ = try RunStore(readingFrom: file).trials()
      } catch {
        refusals += 1
        #expect("\(error)".contains(file.path))
      }
    }
    #expect(refusals > 0)
    try intact.prefix(5000).write(to: file)
    #expect(throws: (any Error).self) { _ = try RunStore(readingFrom: file).trials() }
  }
}
