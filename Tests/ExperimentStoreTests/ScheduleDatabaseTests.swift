import ExperimentStore
import Foundation
import ScheduleTuning
import Testing

@Suite struct ScheduleDatabaseTests {
  private let folder: TemporaryFolder
  private var file: URL { folder.url.appending(path: "data/tandem/schedules.sqlite") }
  private let target = TargetFingerprint(cpu: "cpu", vectorExtension: "avx2", blas: "blas", threads: 2)

  init() throws { folder = try TemporaryFolder() }

  private func latency(_ milliseconds: Double) -> LatencyStatistics {
    LatencyStatistics(sampleMilliseconds: [milliseconds, milliseconds * 2], warmup: 3, threads: 2)
  }

  @Test func theFirstValueWins() throws {
    let database = try ScheduleDatabase(at: file)
    #expect(try database.latency(workload: "w", target: target.key) == nil)
    #expect(try database.freeze(latency(1.1), workload: "w", target: target) == latency(1.1))
    #expect(try database.freeze(latency(2.2), workload: "w", target: target) == latency(1.1))
    let other = TargetFingerprint(cpu: "cpu", vectorExtension: "avx2", blas: "blas", threads: 1)
    #expect(try database.freeze(latency(3.3), workload: "w", target: other) == latency(3.3))
    #expect(try ScheduleDatabase(at: file).latency(workload: "w", target: target.key) == latency(1.1))
    #expect(try database.count() == 2)
  }

  /// Every connection writes its own value for each workload; all must be given the same one.
  @Test func connectionsThatRaceAreGivenOneValue() async throws {
    let url = file
    let target = target
    let answers = try await withThrowingTaskGroup(of: [Double].self) { group in
      for writer in 1...4 {
        group.addTask {
          let database = try ScheduleDatabase(at: url)
          return try (0..<25).map { workload in
            try database.freeze(
              LatencyStatistics(sampleMilliseconds: [Double(writer)], warmup: 0, threads: 2),
              workload: "\(workload)", target: target
            ).medianMilliseconds
          }
        }
      }
      return try await group.reduce(into: [[Double]]()) { $0.append($1) }
    }
    #expect(answers.count == 4)
    #expect(Set(answers).count == 1)
  }

  @Test func theDefaultFollowsTheUsersDataFolder() {
    let path = { ScheduleDatabase.defaultLocation(environment: $0).path }
    #expect(path(["XDG_DATA_HOME": "/data", "HOME": "/home/u"]) == "/data/tandem/schedules.sqlite")
    #expect(path(["HOME": "/home/u"]) == "/home/u/.local/share/tandem/schedules.sqlite")
    #expect(
      path(["XDG_DATA_HOME": "relative", "HOME": "/home/u"])
        == "/home/u/.local/share/tandem/schedules.sqlite", "a relative folder is to be ignored")
  }

  @Test func aFileThatIsNoDatabaseIsRefused() throws {
    let url = folder.url.appending(path: "text.sqlite")
    try Data(repeating: 0x41, count: 8192).write(to: url)
    #expect(throws: StoreError.self) { _ = try ScheduleDatabase(at: url) }
    try Data("x".utf8).write(to: folder.url.appending(path: "file"))
    #expect(throws: StoreError.self) {
      _ = try ScheduleDatabase(at: folder.url.appending(path: "file/schedules.sqlite"))
    }
  }
}
