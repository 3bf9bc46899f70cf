import ConfigurationFiles
import CoSearch
import Devices
import Foundation
import Foundations
import ScheduleTuning

/// The folder of one run and the names of the files in it.
///
/// The folder is self-contained: the resolved experiment names the copies of its search space and device profiles
/// that lie beside it, so that a run can be continued, reported and exported after the originals have changed.
public struct RunDirectory: Sendable, Hashable {
  /// The folder.
  public let url: URL

  /// A folder, whatever it holds.
  public init(at url: URL) { self.url = url }

  /// The default folder of a new run: `runs/<name>-<UTC time>` in the current folder.
  public static func defaultLocation(experiment name: String, date: Date = Date()) -> URL {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "UTC")
    formatter.dateFormat = "yyyyMMdd'T'HHmmss'Z'"
    return URL(fileURLWithPath: "runs/\(name)-\(formatter.string(from: date))")
  }

  /// The experiment with every value stated.
  public var experimentFile: URL { url.appending(path: "experiment.resolved.yaml") }
  /// The copy of the search space.
  public var spaceFile: URL { url.appending(path: "search-space.yaml") }
  /// The copies of the device profiles, `NAME.yaml` each.
  public var devicesFolder: URL { url.appending(path: "devices") }
  /// Where and with what the run was made.
  public var environmentFile: URL { url.appending(path: "environment.json") }
  /// The store.
  public var storeFile: URL { url.appending(path: "trials.sqlite") }
  /// The front of every device.
  public var frontFile: URL { url.appending(path: "front.csv") }
  /// The report.
  public var reportFile: URL { url.appending(path: "report.html") }
  /// The log, one JSON object per line.
  public var logFile: URL { url.appending(path: "log.jsonl") }
  /// The lock.
  public var lockFile: URL { url.appending(path: "lock") }
  /// Weights.
  public var checkpointFolder: URL { url.appending(path: "checkpoint") }
  /// The export bundle of a device's winner.
  public func bestFolder(device: String) -> URL { url.appending(path: "best/\(device)") }

  /// Creates the folder for a new run, with an empty store, and locks it. The lock is held as long as the
  /// returned object lives.
  ///
  /// The store comes before the experiment, so that a run that has an experiment but no store is damaged.
  ///
  /// - Throws: ``StoreError/notEmpty(path:)`` if it holds anything but the beginnings of a run that was
  ///   interrupted while it was created, ``StoreError/locked(path:owner:)``, or another ``StoreError`` if the
  ///   system refuses.
  public func create() throws(StoreError) -> RunLock {
    try createFolder(url)
    guard try holdsOnlyBeginnings() else { throw .notEmpty(path: url.path) }
    let lock = try RunLock(at: lockFile, run: url)
    // Another process may have begun a run between the look at the folder and the lock.
    guard try holdsOnlyBeginnings() else { throw .notEmpty(path: url.path) }
    removeTemporaries()
    try createFolder(checkpointFolder)
    try createFolder(devicesFolder)
    try createStore()
    return lock
  }

  /// Locks an existing run to continue it, if need be from before its first trial.
  ///
  /// - Throws: ``StoreError/noRun(path:missing:)``, ``StoreError/notBegun(path:)``,
  ///   ``StoreError/lostStore(path:)``, ``StoreError/locked(path:owner:)``, or
  ///   ``StoreError/system(path:reason:)``.
  public func reopen() throws(StoreError) -> RunLock {
    let hasBeginnings = FileManager.default.fileExists(atPath: lockFile.path)
    if hasBeginnings, try holdsOnlyBeginnings() { throw .notBegun(path: url.path) }
    try requireRun()
    let lock = try RunLock(at: lockFile, run: url)
    removeTemporaries()
    return lock
  }

  /// Checks that the folder holds a run.
  ///
  /// - Throws: ``StoreError/noRun(path:missing:)``, or ``StoreError/lostStore(path:)``.
  public func requireRun() throws(StoreError) {
    guard FileManager.default.fileExists(atPath: experimentFile.path) else {
      throw .noRun(path: url.path, missing: experimentFile.lastPathComponent)
    }
    try requireStore()
  }

  /// Reads the stored experiment.
  ///
  /// - Throws: `ConfigurationError` naming file and line.
  public func experiment() throws(ConfigurationError) -> Experiment {
    try Experiment.load(from: experimentFile)
  }

  /// Stores an experiment with copies of its search space and device profiles; the resolved file comes last.
  ///
  /// - Throws: `FileError`.
  public func store(_ experiment: Experiment) throws(FileError) {
    let space = try AtomicFile.read(experiment.spaceFile)
    if experiment.spaceFile.standardizedFileURL != spaceFile.standardizedFileURL {
      try AtomicFile.write(space, to: spaceFile)
    }
    try AtomicFile.createFolder(devicesFolder)
    for device in experiment.devices {
      try AtomicFile.write(
        ConfigurationWriter.text(device.configuration),
        to: devicesFolder.appending(path: "\(device.name).yaml"))
    }
    let text = experiment.resolvedYAML(
      spacePath: spaceFile.lastPathComponent,
      devicePath: { "\(devicesFolder.lastPathComponent)/\($0).yaml" })
    try AtomicFile.write(text, to: experimentFile)
  }

  /// Writes `environment.json`.
  ///
  /// - Throws: `FileError`.
  public func store(_ environment: RunEnvironment) throws(FileError) {
    let data: Data
    do {
      data = try JSONFile.encode(environment)
    } catch {
      throw .cannotWrite(path: environmentFile.path, reason: "\(error)")
    }
    try AtomicFile.write(data, to: environmentFile)
  }

  /// Opens the store for writing.
  ///
  /// - Precondition: the caller holds the run's lock.
  /// - Throws: ``StoreError``; ``StoreError/lostStore(path:)`` if the store that ``create()`` made is gone.
  public func openStore() throws(StoreError) -> RunStore {
    try requireStore()
    return try RunStore(at: storeFile)
  }

  /// Opens the store for reading, also while a search is running.
  ///
  /// - Throws: ``StoreError``; ``StoreError/noRun(path:missing:)`` if the folder holds no run.
  public func openStoreForReading() throws(StoreError) -> RunStore {
    try requireRun()
    return try RunStore(readingFrom: storeFile)
  }

  private func createFolder(_ folder: URL) throws(StoreError) {
    do {
      try AtomicFile.createFolder(folder)
    } catch {
      throw .system(path: url.path, reason: error.description)
    }
  }

  /// Creates the store; one that a killed creation left must hold nothing.
  private func createStore() throws(StoreError) {
    let store = try RunStore(at: storeFile)
    let isEmpty: Bool
    do {
      isEmpty = try store.trials().isEmpty
      // Closing moves everything from the write-ahead log into the file.
      try store.close()
    } catch {
      throw .damaged(path: storeFile.path, reason: "\(error)")
    }
    if !isEmpty { throw .notEmpty(path: url.path) }
  }

  private func requireStore() throws(StoreError) {
    let attributes = try? FileManager.default.attributesOfItem(atPath: storeFile.path)
    if attributes?[.size] as? UInt64 ?? 0 == 0 { throw .lostStore(path: storeFile.path) }
  }

  /// Whether the folder is empty, or its creation was interrupted before the experiment was stored.
  private func holdsOnlyBeginnings() throws(StoreError) -> Bool {
    let contents: [String]
    do {
      contents = try FileManager.default.contentsOfDirectory(atPath: url.path)
    } catch {
      throw .system(path: url.path, reason: "the folder cannot be listed")
    }
    let store = storeFile.lastPathComponent
    let beginnings =
      [lockFile, spaceFile, devicesFolder, checkpointFolder].map(\.lastPathComponent)
      + ["", "-wal", "-shm", "-journal"].map { store + $0 }
    return contents.allSatisfy { beginnings.contains($0) || AtomicFile.isTemporary($0) }
      && (contents.isEmpty || contents.contains(lockFile.lastPathComponent))
  }

  private func removeTemporaries() {
    for folder in [url, devicesFolder, checkpointFolder] { AtomicFile.removeTemporaries(in: folder) }
  }
}
