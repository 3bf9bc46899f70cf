import ComputationGraph
import Foundation
import Foundations

/// Checkpoints as files.
///
/// A ``SealedFile`` `TANDEMCK`: the length of a JSON object (64 bits) and the object; the number of images (64 bits) and
/// their order (32 bits each); twice the length of a file of weights (64 bits) and its bytes (``WeightsFile``): first the
/// weights, then what optimiser and average remember.
extension TrainingCheckpoint {
  private static let magic = "TANDEMCK"
  private static let version: UInt32 = 1

  /// The part that is JSON.
  private struct Header: Codable {
    let identity: Identity
    let step: Int
    let generator: SeededGenerator
    let nextImage: Int
    let recorder: EpochRecorder.State
  }

  /// Writes the checkpoint; a file of the same name is replaced at once or not at all.
  ///
  /// - Throws: ``TrainingError/file(_:)``.
  public func write(to url: URL) throws(TrainingError) {
    do {
      try AtomicFile.write(encoded(), to: url)
    } catch {
      throw .file(error)
    }
  }

  /// Reads a checkpoint.
  ///
  /// - Throws: ``TrainingError/file(_:)`` if the file cannot be read, ``TrainingError/invalidCheckpoint(path:reason:)`` if
  ///   it is truncated, damaged or no checkpoint.
  public static func read(_ url: URL) throws(TrainingError) -> TrainingCheckpoint {
    let data: Data
    do {
      data = try AtomicFile.read(url)
    } catch {
      throw .file(error)
    }
    return try TrainingCheckpoint(decoding: data, path: url.path)
  }

  /// The bytes of a file.
  public func encoded() -> Data {
    let header = Header(
      identity: identity, step: step, generator: generator, nextImage: nextImage, recorder: recorder)
    var writer = SealedFile.Writer(magic: Self.magic, version: Self.version)
    // Numbers, strings and arrays only, all of them finite: this cannot fail.
    writer.appendCounted(Array(((try? JSONFile.encodeLine(header)) ?? "").utf8))
    writer.append(UInt64(order.count))
    writer.append(numbers: order.lazy.map { UInt32($0) })
    for values in [weights, memory] { writer.appendCounted(WeightsFile.encode(values)) }
    return writer.sealed()
  }

  /// Reads the bytes of a file; `path` names it in errors.
  ///
  /// - Throws: ``TrainingError/invalidCheckpoint(path:reason:)``.
  public init(decoding data: Data, path: String) throws(TrainingError) {
    do throws(SealedFile.Damage) {
      try self.init(decoding: data)
    } catch {
      throw .invalidCheckpoint(path: path, reason: error.reason)
    }
  }

  private init(decoding data: Data) throws(SealedFile.Damage) {
    var reader = try SealedFile.Reader(
      data, magic: Self.magic, version: Self.version, name: "a checkpoint of a training")
    let header: Header
    let text = try reader.takeCounted("the header")
    do {
      header = try JSONFile.decode(Header.self, from: Data(text), source: "the header")
    } catch {
      throw SealedFile.Damage("the header: \(error.reason)")
    }
    let images = try reader.number(UInt64.self, "the number of images")
    let order = try reader.numbers(images, "the order of the images").map { Int($0) }
    let weights = try WeightsFile.decode(Data(try reader.takeCounted("the weights")))
    let memory = try WeightsFile.decode(Data(try reader.takeCounted("the optimizer's memory")))
    try reader.finish()
    self.init(
      identity: header.identity, step: header.step, generator: header.generator, order: order,
      nextImage: header.nextImage, recorder: header.recorder, weights: weights, memory: memory)
  }
}
