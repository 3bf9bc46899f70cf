import ComputationGraph
import Foundation
import Foundations

/// A supernet in training as a file: what it is, how far it is, its weights and their velocities, bit for bit.
///
/// All numbers are little-endian: the eight bytes `TANDEMSN`, the length of a JSON header (32 bits), the header
/// `{identity, progress, seed, keys}`, the header's hash (64 bits), and a ``WeightsFile`` with the two arrays `values` and
/// `velocity`, in which the weights of `keys` lie one after the other.
struct SupernetCheckpoint {
  var progress: SupernetProgress
  var weights: SharedWeights
  var velocity: [Float]

  private static let magic = Data("TANDEMSN".utf8)

  private struct Header: Codable {
    struct Key: Codable {
      let name: String
      let count: Int
    }
    let version: Int
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
      version: 1, identity: identity, progress: progress, seed: weights.seed,
      keys: entries.map { Header.Key(name: $0.key, count: $0.value.count) })
    let text: String
    do {
      text = try JSONFile.encodeLine(header)
    } catch {
      throw .file(.cannotWrite(path: url.path, reason: "\(error)"))
    }
    var data = Self.magic
    withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { data.append(contentsOf: $0) }
    data.append(contentsOf: text.utf8)
    withUnsafeBytes(of: Self.hash(text).littleEndian) { data.append(contentsOf: $0) }
    data.append(WeightsFile.encode(WeightValues(["values": weights.values, "velocity": velocity])))
    do {
      try AtomicFile.createFolder(url.deletingLastPathComponent())
      try AtomicFile.write(data, to: url)
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
    func damaged(_ reason: String) -> TrainingError { .invalidWeightsFile(path: url.path, reason: reason) }
    guard data.starts(with: magic) else { throw damaged("not a checkpoint of a supernet") }
    let lengthEnd = magic.count + 4
    guard data.count >= lengthEnd else { throw damaged("truncated: the file ends before the header") }
    let length = data[magic.count..<lengthEnd].reversed().reduce(0) { $0 << 8 | Int($1) }
    let headerEnd = lengthEnd + length
    guard data.count >= headerEnd + 8 else { throw damaged("truncated: the file ends inside the header") }
    let stored = data[headerEnd..<headerEnd + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let text = String(validating: data[lengthEnd..<headerEnd], as: UTF8.self), hash(text) == stored
    else { throw damaged("the header's checksum is wrong") }
    let header: Header
    do {
      header = try JSONFile.decode(Header.self, from: Data(text.utf8), source: url.path)
    } catch {
      throw damaged("its header cannot be read")
    }
    guard header.version == 1 else {
      throw damaged("version \(header.version) is not supported (expected 1)")
    }
    guard header.identity == identity else {
      throw damaged("it is of another supernet: the space, the images or the settings have changed")
    }
    let arrays = try WeightsFile.decode(data[(headerEnd + 8)...], path: url.path)
    let count = header.keys.reduce(0) { $0 + $1.count }
    guard let values = arrays["values"], let velocity = arrays["velocity"], values.count == count,
      velocity.count == count
    else { throw damaged("its arrays do not fit its header") }
    var weights = SharedWeights(seed: header.seed)
    var offset = 0
    for key in header.keys {
      weights.add(key.name, Array(values[offset..<offset + key.count]))
      offset += key.count
    }
    return SupernetCheckpoint(progress: header.progress, weights: weights, velocity: velocity)
  }

  private static func hash(_ text: String) -> UInt64 {
    var hasher = StableHasher()
    hasher.combine(text)
    return hasher.value
  }
}
