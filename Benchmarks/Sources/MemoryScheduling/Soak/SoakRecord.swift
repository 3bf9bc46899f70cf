import Foundation
import Foundations
import MemoryPlanning

/// What a soak found: the file `soak.json`, from which the results' page takes its figures.
struct SoakRecord: Codable {
  /// One scheduler's counts.
  struct Entry: Codable {
    let scheduler: String
    /// Graphs on which it claimed the optimum.
    let claimed: Int
    /// Graphs on which it had the optimum, claimed or not.
    let reached: Int
    /// Graphs on which something was wrong.
    let differences: Int
  }

  /// The file's name in the results' folder.
  static let fileName = "soak.json"

  let seed: UInt64
  let graphs: Int
  let schedulers: [Entry]

  init(_ tally: Soak.Tally, of soak: Soak) {
    seed = soak.seed
    graphs = tally.graphs
    schedulers = soak.schedulers.map { name in
      let count = tally.counts[name, default: Soak.Tally.Count()]
      return Entry(
        scheduler: name.rawValue, claimed: count.claimed, reached: count.reached,
        differences: tally.differences.count { $0.scheduler == name })
    }
  }

  /// The record in a folder of results; nil if there is none.
  static func load(from folder: URL) throws -> SoakRecord? {
    let url = folder.appendingPathComponent(fileName)
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    return try JSONFile.decode(SoakRecord.self, from: AtomicFile.read(url), source: url.path)
  }

  /// Writes the record into a folder of results.
  func save(to folder: URL) throws {
    try AtomicFile.createFolder(folder)
    try AtomicFile.write(JSONFile.encode(self), to: folder.appendingPathComponent(Self.fileName))
  }
}
