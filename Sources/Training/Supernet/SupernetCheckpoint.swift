import ComputationGraph
import Foundation
import Foundations

/// A supernet in training as a file: what it is, how far it is, its weights and their velocities, bit for bit.
///
/// A ``SealedFile`` `TANDEMSN`: the length of a JSON object (64 bits) and the object `{identity, progress, seed, keys}`; the
/// length of a ``WeightsFile`` (64 bits) and its bytes, with the two arrays `values` and `velocity`, in which the weights
/// of `keys` lie one after the other.
struct SupernetCheckpoint {
  var progress: SupernetProgress
  var weights: SharedWeights
  var velocity: [Float]

  private static let magic = "TANDEMSN"
  private static let version: UInt32 = 2

  private struct Header: Codable {
    struct Key: Codable {
      let name: String
      let count: Int
    }
    let identity: String
    let progress: SupernetProgress
    let seed: UInt64
    let keys: [Key]
  }

  /// Writes the file; one of the same name is replaced at once or not at all.
  ///
  /// - Throws: ``TrainingError/file(_:)``.
  func write(to url: URL, identity: String) throws(TrainingError) {
    let entries = weights.entries.sorted { $0.value.offset < $1.value.offset }
    let header = Header(
      identity: identity, progress: progress, seed: weights.seed,
      keys: entries.map { Header.Key(name: $0.key, count: $0.value.count) })
    let text: String
    do {
      text = try JSONFile.encodeLine(header)
    } catch {
      throw .file(.cannotWrite(path: url.path, reason: "\(error)"))
    }
    var writer = SealedFile.Writer(magic: Self.magic, version: Self.version)
    writer.appendCounted(text.utf8)
    writer.appendCounted(WeightsFile.encode(WeightValues(["values": weights.values, "velocity": velocity])))
    do {
      try AtomicFile.createFolder(url.deletingLastPathComponent())
      try AtomicFile.write(writer.sealed(), to: url)
    } catch {
      throw .file(error)
    }
  }

  /// Reads a file.
  ///
  /// - Parameter identity: that of the supernet that is to go on.
  /// - Throws: ``TrainingError/invalidWeightsFile(path:reason:)`` if the file is damaged or of another supernet,
  ///   ``TrainingError/file(_:)`` if it cannot be read.
  static func read(_ url: URL, identity: String) throws(TrainingError) -> SupernetCheckpoint {
    let data: Data
    do {
      data = try AtomicFile.read(url)
    } catch {
      throw .file(error)
    }
    do throws(SealedFile.Damage) {
      return try SupernetCheckpoint(decoding: data, identity: identity)
    } catch {
      throw .invalidWeightsFile(path: url.path, reason: error.reason)
    }
  }
}

extension SupernetCheckpoint {
  private init(decoding data: Data, identity: String) throws(SealedFile.Damage) {
    var reader = try SealedFile.Reader(
      data, magic: Self.magic, version: Self.version, name: "a checkpoint of a supernet")
    let text = try reader.takeCounted("the header")
    let header: Header
    do {
      header = try JSONFile.decode(Header.self, from: Data(text), source: "the header")
    } catch {
      throw SealedFile.Damage("the header: \(error.reason)")
    }
    guard header.identity == identity else {
      throw SealedFile.Damage("it is of another supernet: the space, the images or the settings have changed")
    }
    let arrays = try WeightsFile.decode(Data(try reader.takeCounted("the weights")))
    try reader.finish()
    guard let values = arrays["values"], let velocity = arrays["velocity"], values.count == velocity.count
    else { throw SealedFile.Damage("its arrays do not fit each other") }
    var weights = SharedWeights(seed: header.seed)
    var offset = 0
    for key in header.keys {
      guard key.count >= 0, key.count <= values.count - offset else {
        throw SealedFile.Damage("its arrays do not fit its header")
      }
      weights.add(key.name, Array(values[offset..<offset + key.count]))
      offset += key.count
    }
    guard offset == values.count else { throw SealedFile.Damage("its arrays do not fit its header") }
    self.init(progress: header.progress, weights: weights, velocity: velocity)
  }
}
