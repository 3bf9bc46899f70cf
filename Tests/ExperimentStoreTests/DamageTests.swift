import CoSearch
import ExperimentStore
import Foundation
import Foundations
import ScheduleTuning
import Testing

/// Databases that were changed behind the store's back: every read succeeds or throws, none traps.
@Suite struct DamageTests {
  private let folder: TemporaryFolder
  private var file: URL { folder.url.appending(path: "trials.sqlite") }

  init() throws { folder = try TemporaryFolder() }

  private func makeStore(_ trials: [Trial]) throws {
    let store = try RunStore(at: file)
    for trial in trials { try store.record(trial, state: RandomTrials.state(trial.id)) }
    try store.record(RandomTrials.finalResult(trials[0].id))
    try store.close()
  }

  /// Replaces the first occurrence of a text in the file by one of the same length.
  private func replace(_ old: String, with new: String) throws {
    precondition(old.utf8.count == new.utf8.count)
    var data = try Data(contentsOf: file)
    let range = try #require(data.range(of: Data(old.utf8)))
    data.replaceSubrange(range, with: Data(new.utf8))
    try data.write(to: file)
  }

  private func trialsOfEveryOutcome() throws -> [Trial] {
    let trials = RandomTrials.make(12, seed: 21)
    try #require(Set(trials.map(\.outcome.kind)).count == 3)
    return trials
  }

  private func message(_ read: (RunStore) throws -> Void) throws -> String {
    let store = try RunStore(readingFrom: file)
    let error = #expect(throws: JournalError.self) { try read(store) }
    guard case .unreadable(let path, let reason) = error else {
      Issue.record("not unreadable: \(String(describing: error))")
      return ""
    }
    #expect(path == file.path)
    return reason
  }

  @Test func aGapInTheTrialsIsNamed() throws {
    let trials = RandomTrials.make(6, seed: 20)
    try makeStore(trials.filter { $0.id != 3 })
    #expect(try message { _ = try $0.trials() }.contains("no trial 3"))
  }

  @Test(arguments: [
    (#"{"architecture":{"#, #"!"architecture":{"#, "'candidate' of table 'trial'"),
    (#""policy":{"fusion":"none""#, #""policy":{"fusion":"nine""#, "'candidate' of table 'trial'"),
    (#""rowTile":1"#, #""rowTile":7"#, "'candidateKey' of table 'trial'"),
    (#""estimator":"#, #""estimatir":"#, "'validation' of table 'measurement'"),
    (#""inputBytes":"#, #""inputBites":"#, "'peak' of table 'deviceMeasurement'"),
    (#""median":0."#, #""median":9."#, "'latencyMilliseconds' of table 'deviceMeasurement'"),
  ])
  func aDamagedTextNamesItsColumn(old: String, new: String, expected: String) throws {
    try makeStore(trialsOfEveryOutcome())
    try replace(old, with: new)
    #expect(try message { _ = try $0.trials() }.contains(expected))
  }

  @Test func aFinalResultAndAStateAreCheckedToo() throws {
    try makeStore(trialsOfEveryOutcome())
    try replace(#""testImages""#, with: #""tostImages""#)
    try replace(#"{"state""#, with: #"{"stote""#)
    #expect(try message { _ = try $0.finalResults() }.contains("'result' of table 'finalResult'"))
    #expect(try message { _ = try $0.state() }.contains("'generator' of table 'searchState'"))
  }

  @Test func aMeasuredTrialNeedsItsMeasurementAndAMeasurementItsTrial() throws {
    let trials = try trialsOfEveryOutcome()
    try makeStore(trials)
    let intact = try Data(contentsOf: file)
    for (old, new, expected) in [
      ("rejected", "measured", "no row of the measured trial"),
      ("measured", "rejected", "'trialID' of table 'measurement' names trial"),
    ] {
      try intact.write(to: file)
      // The row, not the schema or a JSON text: a trial's outcome follows its candidate.
      try replace("}}" + old, with: "}}" + new)
      #expect(try message { _ = try $0.trials() }.contains(expected))
    }
  }

  @Test func flippedBytesAreAnErrorOrHarmless() throws {
    try makeStore(RandomTrials.make(8, seed: 22))
    let intact = try Data(contentsOf: file)
    var generator = SeededGenerator(seed: 23)
    var refusals = 0
    for _ in 0..<300 {
      var damaged = intact
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        damaged[Int.random(in: 0..<intact.count, using: &generator)] ^= UInt8.random(
          in: 1...255, using: &generator)
      }
      try damaged.write(to: file)
      for suffix in ["-wal", "-shm"] {
        try? FileManager.default.removeItem(atPath: file.path + suffix)
      }
      do {
        for store in [try RunStore(readingFrom: file), try RunStore(at: file)] {
          _ = try store.state()
          _ = try store.finalResults()
          for id in 0..<8 { _ = try store.trial(id) }
          let trials = try store.trials()
          _ = SearchSummary(trials: trials, devices: ["small", "large"])
          try store.close()
        }
      } catch {
        refusals += 1
        #expect("\(error)".contains(file.path))
      }
    }
    #expect(refusals > 50)
  }

  @Test func flippedBytesInTheScheduleDatabaseAreAnErrorOrHarmless() throws {
    let target = TargetFingerprint(cpu: "cpu", vectorExtension: "avx2", blas: "blas", threads: 2)
    let value = LatencyStatistics(sampleMilliseconds: [1.5, 2.5], warmup: 1, threads: 2)
    do {
      let database = try ScheduleDatabase(at: file)
      for workload in 0..<20 {
        _ = try database.freeze(value, workload: "\(workload)", target: target)
        try database.store([TuningRecordTests.record("\(workload)", 1, 1.5)], target: target)
      }
    }
    let intact = try Data(contentsOf: file)
    var generator = SeededGenerator(seed: 24)
    var refusals = 0
    for _ in 0..<200 {
      var damaged = intact
      damaged[Int.random(in: 0..<intact.count, using: &generator)] ^= UInt8.random(
        in: 1...255, using: &generator)
      try damaged.write(to: file)
      for suffix in ["-wal", "-shm"] {
        try? FileManager.default.removeItem(atPath: file.path + suffix)
      }
      do {
        let database = try ScheduleDatabase(at: file)
        for workload in 0..<20 {
          _ = try database.latency(workload: "\(workload)", target: target.key)
          _ = try database.tuningRecords(workload: "\(workload)", target: target.key)
        }
        _ = try database.count()
      } catch {
        refusals += 1
        #expect("\(error)".contains(file.path))
      }
    }
    #expect(refusals > 20)
  }
}
