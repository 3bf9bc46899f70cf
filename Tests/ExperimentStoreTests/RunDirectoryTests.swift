import CoSearch
import ExperimentStore
import Foundation
import ScheduleTuning
import Testing

@Suite struct RunDirectoryTests {
  private let folder: TemporaryFolder
  private var run: RunDirectory { RunDirectory(at: folder.url.appending(path: "runs/one")) }

  init() throws { folder = try TemporaryFolder() }

  private func experiment() throws -> Experiment {
    let files = [
      "space.yaml": """
      schemaVersion: 1
      name: tiny
      operations: {none: zero, conv: [relu, {conv: {kernel: 3}}, batchNorm]}
      cells: {cell: {topology: edges, nodes: 3, operations: [none, conv]}}
      network:
        stem: {channels: [2, 4], steps: [{conv: {kernel: 3}}, batchNorm]}
        stages: 1
        cellsPerStage: [1]
        cell: cell
        head: [relu]
      policy: {fusion: [none], scheduler: [rpo], rowTile: [1, whole]}
      """,
      "Devices/board.yaml": "schemaVersion: 1\nname: board\nmemoryBytes: 64KiB\n",
      "Devices/other.yaml": "schemaVersion: 1\nname: other\nmemoryBytes: 1MiB\ndescription: \"a: b\"\n",
      "experiment.yaml": """
      schemaVersion: 1
      name: tiny
      space: space.yaml
      dataset: {name: fashion-mnist}
      devices: [board, other]
      strategy: {name: random}
      budget: {trials: 3}
      accuracy: {estimator: shortTraining, trainImages: 10, validationImages: 5, epochs: 1}
      final: {epochs: 2}
      """,
    ]
    let source = folder.url.appending(path: "source")
    try FileManager.default.createDirectory(
      at: source.appending(path: "Devices"), withIntermediateDirectories: true)
    for (path, text) in files { try Data(text.utf8).write(to: source.appending(path: path)) }
    return try Experiment.load(from: source.appending(path: "experiment.yaml"))
  }

  @Test func aStoredExperimentStandsAlone() throws {
    let original = try experiment()
    let lock = try run.create()
    try run.store(original)
    try FileManager.default.removeItem(at: folder.url.appending(path: "source"))
    let stored = try run.experiment()
    #expect(original.difference(from: stored) == nil)
    #expect(stored.space == original.space)
    #expect(stored.devices == original.devices)
    // Storing what was read from the run itself must not lose its files.
    try run.store(stored)
    #expect(try run.experiment() == stored)
    withExtendedLifetime(lock) {}
  }

  @Test func aFolderThatHoldsSomethingIsRefused() throws {
    try FileManager.default.createDirectory(at: run.url, withIntermediateDirectories: true)
    try Data("keep".utf8).write(to: run.url.appending(path: "notes.txt"))
    #expect(throws: StoreError.notEmpty(path: run.url.path)) { _ = try run.create() }
    #expect(try FileManager.default.contentsOfDirectory(atPath: run.url.path) == ["notes.txt"])
  }

  @Test func aRunIsNotCreatedTwice() throws {
    do {
      let lock = try run.create()
      try run.store(experiment())
      withExtendedLifetime(lock) {}
    }
    #expect(throws: StoreError.notEmpty(path: run.url.path)) { _ = try run.create() }
    _ = try run.reopen()
  }

  /// Every state that a killed creation can leave, temporaries of its last write included.
  @Test func aCreationThatWasInterruptedCanBeRepeated() throws {
    do { _ = try run.create() }
    let temporaries = ["", "devices/", "checkpoint/"].map { "\($0).tandem-4711-2x.tmp" }
    for name in temporaries + ["search-space.yaml", "devices/board.yaml"] {
      try Data("part".utf8).write(to: run.url.appending(path: name))
    }
    #expect(throws: StoreError.notBegun(path: run.url.path)) { _ = try run.reopen() }
    // A store that was created, but got no content.
    try Data().write(to: run.storeFile)
    let lock = try run.create()
    for name in temporaries {
      #expect(!FileManager.default.fileExists(atPath: run.url.appending(path: name).path))
    }
    try run.store(experiment())
    #expect(try run.openStore().trials().isEmpty)
    withExtendedLifetime(lock) {}
  }

  @Test func reopeningRemovesWhatAKilledWriterLeft() throws {
    do { _ = try run.create() }
    try run.store(experiment())
    let temporary = run.checkpointFolder.appending(path: ".tandem-4711-2x.tmp")
    try Data("part".utf8).write(to: temporary)
    _ = try run.reopen()
    #expect(!FileManager.default.fileExists(atPath: temporary.path))
  }

  @Test func aRunWhoseExperimentIsGoneIsNotTakenForABeginning() throws {
    do { _ = try run.create() }
    let store = try run.openStore()
    try store.record(RandomTrials.make(1, seed: 2)[0], state: RandomTrials.state(0))
    try store.close()
    #expect(throws: StoreError.notEmpty(path: run.url.path)) { _ = try run.create() }
    #expect(try run.openStore().trials().count == 1)
  }

  @Test(arguments: [true, false]) func aRunWhoseStoreIsLostIsNotStartedOver(isEmpty: Bool) throws {
    do { _ = try run.create() }
    try run.store(experiment())
    if isEmpty {
      try Data().write(to: run.storeFile)
    } else {
      try FileManager.default.removeItem(at: run.storeFile)
    }
    let lost = StoreError.lostStore(path: run.storeFile.path)
    #expect(throws: lost) { _ = try run.reopen() }
    #expect(throws: lost) { _ = try run.openStore() }
    #expect(throws: lost) { _ = try run.openStoreForReading() }
    #expect(lost.description.contains(run.storeFile.path))
  }

  @Test func theLockKeepsOthersOutUntilItIsReleased() throws {
    do {
      let lock = try run.create()
      try run.store(experiment())
      let owner = ProcessInfo.processInfo.processIdentifier
      #expect(throws: StoreError.locked(path: run.url.path, owner: owner)) { _ = try run.reopen() }
      withExtendedLifetime(lock) {}
    }
    let second = try run.reopen()
    withExtendedLifetime(second) {}
  }

  #if os(Linux)
    /// The lock of another process, which is then killed.
    @Test func theLockOfAKilledProcessIsFree() throws {
      _ = try run.create()
      try run.store(experiment())
      let holder = Process()
      holder.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
      holder.arguments = [run.lockFile.path, "sleep", "60"]
      guard FileManager.default.isExecutableFile(atPath: "/usr/bin/flock") else { return }
      try holder.run()
      func isLocked() -> Bool {
        do throws(StoreError) {
          _ = try run.reopen()
          return false
        } catch {
          if case .locked = error { return true } else { return false }
        }
      }
      for _ in 0..<200 where !isLocked() { usleep(10_000) }
      #expect(isLocked())
      // `flock` passes the descriptor on to its child, so both must go.
      let children = try String(
        contentsOfFile: "/proc/\(holder.processIdentifier)/task/\(holder.processIdentifier)/children",
        encoding: .utf8)
      for child in children.split(separator: " ") { kill(Int32(child)!, SIGKILL) }
      kill(holder.processIdentifier, SIGKILL)
      holder.waitUntilExit()
      for _ in 0..<200 where isLocked() { usleep(10_000) }
      #expect(!isLocked())
    }
  #endif

  @Test func aFolderWithoutARunIsNamed() throws {
    #expect(throws: StoreError.noRun(path: run.url.path, missing: "experiment.resolved.yaml")) {
      _ = try run.openStoreForReading()
    }
  }

  @Test func theLogKeepsTheLinesOfAllSessions() throws {
    _ = try run.create()
    for session in 1...2 {
      let log = try RunLog(of: run)
      try log.append("started", ["session": "\(session)", "text": "two\nlines"])
    }
    let lines = try String(contentsOf: run.logFile, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 2)
    for line in lines {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect(object?["event"] as? String == "started")
      #expect((object?["time"] as? String)?.hasSuffix("Z") == true)
    }
  }

  @Test func theFrontTableHasOneLinePerDeviceAndTrial() throws {
    let trials = RandomTrials.make(60, seed: 9)
    let summary = SearchSummary(trials: trials, devices: ["small", "large"])
    let text = FrontTable.text(trials: trials, summary: summary, devices: ["small", "large"])
    let lines = text.split(separator: "\n")
    let front = try #require(summary.fronts["large"])
    #expect(!front.isEmpty && summary.fronts["small"] == [])
    #expect(lines.count == 1 + front.count)
    #expect(lines[0] == FrontTable.columns.joined(separator: ",")[...])
    for (line, id) in zip(lines.dropFirst(), front) {
      #expect(line.hasPrefix("large,\(id),\(summary.winners["large"] == id),"))
      #expect(line.contains("\"\"quoted\"\""), "quotation marks are doubled")
    }
    _ = try run.create()
    try FrontTable.write(to: run, trials: trials, summary: summary, devices: ["small", "large"])
    #expect(try String(contentsOf: run.frontFile, encoding: .utf8) == text)
  }
}
