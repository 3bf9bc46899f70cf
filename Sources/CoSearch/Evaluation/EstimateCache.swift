import AccuracyEstimation
import Foundation
import Foundations
import SearchSpaces

/// Estimates that the preparation of an estimator has made, kept in a file of the run so that a run that is continued
/// does not repeat them: `{schemaVersion, entries: {key: {estimate} | {failure}}}`.
struct EstimateCache {
  private struct Document: Codable {
    var schemaVersion = 1
    var entries: [String: Entry] = [:]
  }

  private struct Entry: Codable {
    var estimate: AccuracyEstimate?
    var failure: String?
  }

  private let file: URL?
  private var document = Document()

  /// Reads what a folder holds; nothing if there is no folder or no file in it.
  ///
  /// - Throws: ``SearchError/configuration(reason:)`` for a file that is damaged.
  init(folder: URL?, name: String) throws(SearchError) {
    file = folder?.appending(path: name)
    guard let file, FileManager.default.fileExists(atPath: file.path) else { return }
    do {
      document = try JSONFile.decode(Document.self, from: AtomicFile.read(file), source: file.relativePath)
    } catch {
      throw .configuration(reason: "\(error); delete the file, and it is made again")
    }
    guard document.schemaVersion == 1 else {
      throw .configuration(
        reason: "\(file.relativePath): version \(document.schemaVersion) is unknown; this program reads 1")
    }
  }

  /// What is stored under a key, or what `make` gives, which is stored.
  mutating func estimate(
    _ key: String, _ make: () throws(EstimationError) -> AccuracyEstimate
  ) throws(SearchError) -> KnownAccuracy {
    if let entry = document.entries[key] {
      if let estimate = entry.estimate { return .estimate(estimate) }
      return .failure(message: entry.failure ?? "")
    }
    let known: KnownAccuracy
    do throws(EstimationError) {
      known = .estimate(try make())
    } catch {
      known = .failure(message: error.description)
    }
    switch known {
    case .estimate(let estimate): document.entries[key] = Entry(estimate: estimate)
    case .failure(let message): document.entries[key] = Entry(failure: message)
    }
    try store()
    return known
  }

  private func store() throws(SearchError) {
    guard let file else { return }
    do {
      try AtomicFile.write(JSONFile.encode(document), to: file)
    } catch {
      throw .weights(path: file.relativePath, reason: "\(error)")
    }
  }
}

extension Experiment {
  /// Different architectures of the space that have a network, drawn uniformly; fewer than `count` if the space seems to
  /// have no more.
  func sampledSubjects(_ count: Int, purpose: String) throws(SearchError) -> [EstimationSubject] {
    var generator = SeededGenerator(seed: seed(for: .preparation, key: purpose))
    var seen: Set<Architecture> = []
    var subjects: [EstimationSubject] = []
    for _ in 0..<count * 100 where subjects.count < count {
      let architecture = space.sample(using: &generator).architecture
      guard seen.insert(architecture).inserted else { continue }
      do throws(SearchSpaceError) {
        let graph = try space.trainingGraph(for: architecture, input: dataset.input)
        subjects.append(EstimationSubject(architecture: architecture, training: graph))
      } catch .disconnected {
        continue
      } catch {
        throw .configuration(reason: error.description)
      }
    }
    return subjects
  }
}
