import ExperimentStore
import Foundation
import GRDB
import Kernels
import ScheduleTuning
import Testing

/// Tuning records in the schedule database.
@Suite struct TuningRecordTests {
  private let folder: TemporaryFolder
  private var file: URL { folder.url.appending(path: "schedules.sqlite") }
  private let target = TargetFingerprint(cpu: "cpu", vectorExtension: "avx2", blas: "blas", threads: 2)

  init() throws { folder = try TemporaryFolder() }

  /// A record; a failure without a latency.
  static func record(_ workload: String, _ tile: Int, _ milliseconds: Double?) throws -> TuningRecord {
    let features = try JSONDecoder().decode(
      ScheduleFeatures.self,
      from: Data(#"{"revision": 1, "algorithm": "im2colGEMM", "values": [1, 0.5]}"#.utf8))
    return TuningRecord(
      workload: workload, schedule: KernelSchedule(algorithm: .im2colGEMM, rowTile: tile, threads: 2),
      features: features,
      outcome: milliseconds.map {
        .measured(LatencyStatistics(sampleMilliseconds: [$0, 2 * $0], warmup: 1, threads: 2))
      } ?? .failed(reason: "no memory"))
  }

  @Test func recordsAreKeptInTheOrderOfTheirFirstTrial() throws {
    let database = try ScheduleDatabase(at: file)
    let first = [try Self.record("a", 1, 1.5), try Self.record("a", 2, nil), try Self.record("b", 1, 2.5)]
    try database.store(first, target: target)
    let better = TuningRecord(
      workload: "a", schedule: first[0].schedule, features: first[0].features, outcome: first[0].outcome,
      decision: LatencyStatistics(sampleMilliseconds: [1.25], warmup: 1, threads: 2))
    #expect(better.milliseconds == 1.25 && better.firstMilliseconds == 1.5)
    try database.store([try Self.record("a", 3, 3.5), better], target: target)
    let expected = [better, first[1], try Self.record("a", 3, 3.5)]
    for database in [database, try ScheduleDatabase(at: file)] {
      #expect(try database.tuningRecords(workload: "a", target: target.key) == expected)
      #expect(try database.tuningRecords(workload: "b", target: target.key) == [first[2]])
      #expect(try database.tuningRecords(workload: "c", target: target.key).isEmpty)
      #expect(try database.tuningRecords(workload: "a", target: "another").isEmpty)
      #expect(
        try database.tuningRecords(target: target.key, newest: 2) == [first[2], try Self.record("a", 3, 3.5)])
    }
  }

  @Test func whatAnotherConnectionWritesIsSeen() throws {
    let (one, two) = (try ScheduleDatabase(at: file), try ScheduleDatabase(at: file))
    #expect(try one.tuningRecords(workload: "a", target: target.key).isEmpty)
    try two.store([Self.record("a", 1, 1.5)], target: target)
    #expect(try one.tuningRecords(workload: "a", target: target.key).count == 1)
    try one.store([Self.record("a", 2, 1.5)], target: target)
    #expect(try one.tuningRecords(workload: "a", target: target.key).count == 2)
    #expect(try two.tuningRecords(workload: "a", target: target.key).count == 2)
  }

  /// A file of the first version has latencies and no table of tuning records.
  @Test func olderFilesAreMigrated() throws {
    let value = LatencyStatistics(sampleMilliseconds: [1.5], warmup: 0, threads: 2)
    do {
      let database = try ScheduleDatabase(at: file)
      _ = try database.freeze(value, workload: "w", target: target)
    }
    try sql("DROP TABLE tuning; DELETE FROM grdb_migrations WHERE identifier = '2'")
    let database = try ScheduleDatabase(at: file)
    #expect(try database.latency(workload: "w", target: target.key) == value)
    try database.store([Self.record("a", 1, 1.5)], target: target)
    #expect(try database.tuningRecords(workload: "a", target: target.key).count == 1)
  }

  @Test func filesOfANewerVersionAreRefused() throws {
    _ = try ScheduleDatabase(at: file)
    try sql("INSERT INTO grdb_migrations VALUES ('3')")
    #expect(throws: StoreError.tooNew(path: file.path)) { _ = try ScheduleDatabase(at: file) }
  }

  @Test(arguments: [
    ("statistics = NULL", "is missing, and so is a failure"), ("failure = 'x'", "stands beside statistics"),
    (#"schedule = '{"algorithm":"magic"}'"#, "schedule"), ("features = '{}'", "features"),
    (#"statistics = replace(statistics, '1.5', '-1.5')"#, "no duration"), ("workload = x'00'", "no text"),
  ])
  func damagedRowsAreNamed(change: String, expected: String) throws {
    do { try ScheduleDatabase(at: file).store([Self.record("a", 1, 1.5)], target: target) }
    try sql("UPDATE tuning SET \(change)")
    let error = #expect(throws: StoreError.self) {
      _ = try ScheduleDatabase(at: file).tuningRecords(target: target.key, newest: 10)
    }
    #expect("\(error!)".contains(expected) && "\(error!)".contains(file.path), "\(error!)")
  }

  private func sql(_ text: String) throws {
    let queue = try DatabaseQueue(path: file.path)
    try queue.writeWithoutTransaction { try $0.execute(sql: text) }
    try queue.close()
  }
}
