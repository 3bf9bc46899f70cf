import ComputationGraph
import Foundation
import Foundations

/// Checkpoints as files.
///
/// All numbers are little-endian: the eight bytes `TANDEMCK`, the version (32 bits), the length of a JSON object (64 bits)
/// and the object; the number of images (64 bits) and their order (32 bits each); twice the length of a file of weights
/// (64 bits) and its bytes (``WeightsFile``): first the weights, then what optimiser and average remember; at the end the
/// FNV-1a hash (64 bits) of all bytes before.
extension TrainingCheckpoint {
  private static let magic = Array("TANDEMCK".utf8)
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
    var bytes = Self.magic
    func append<Number: FixedWidthInteger>(_ number: Number) {
      withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }
    append(Self.version)
    // Numbers, strings and arrays only, all of them finite: this cannot fail.
    let text = Array(((try? JSONFile.encodeLine(header)) ?? "").utf8)
    append(UInt64(text.count))
    bytes += text
    append(UInt64(order.count))
    for index in order { append(UInt32(index)) }
    for values in [weights, memory] {
      let data = WeightsFile.encode(values)
      append(UInt64(data.count))
      bytes += data
    }
    append(Self.hash(bytes[...]))
    return Data(bytes)
  }

  /// Reads the bytes of a file; `path` names it in errors.
  ///
  /// - Throws: ``TrainingError/invalidCheckpoint(path:reason:)``.
  public init(decoding data: Data, path: String) throws(TrainingError) {
    var reader = CheckpointReader(bytes: [UInt8](data), path: path)
    guard reader.bytes.starts(with: Self.magic) else { throw reader.error("no checkpoint of a training") }
    reader.position = Self.magic.count
    let found = try reader.number(UInt32.self, "the version")
    guard found == Self.version else {
      throw reader.error("version \(found) is not supported (expected \(Self.version))")
    }
    guard reader.bytes.count >= reader.position + 8 else { throw reader.truncated("the checksum") }
    let end = reader.bytes.count - 8
    var last = reader
    last.position = end
    guard try last.number(UInt64.self, "the checksum") == Self.hash(reader.bytes[..<end]) else {
      throw reader.error("the checksum is wrong: the file is damaged or truncated")
    }
    let text = try reader.take(UInt64.self, size: 1, "the header")
    let header: Header
    do {
      header = try JSONFile.decode(Header.self, from: Data(text), source: path)
    } catch {
      throw reader.error(error.reason)
    }
    let images = try reader.take(UInt64.self, size: 4, "the order of the images")
    let order = images.withUnsafeBytes { buffer in
      (0..<buffer.count / 4).map {
        Int(UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
      }
    }
    var parts: [WeightValues] = []
    for name in ["the weights", "the optimizer's memory"] {
      let part = try reader.take(UInt64.self, size: 1, name)
      do {
        parts.append(try WeightsFile.decode(Data(part), path: path))
      } catch {
        throw reader.error("\(name): \(error)")
      }
    }
    guard reader.position == end else { throw reader.error("bytes follow the last part") }
    self.init(
      identity: header.identity, step: header.step, generator: header.generator, order: order,
      nextImage: header.nextImage, recorder: header.recorder, weights: parts[0], memory: parts[1])
  }

  private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.withUnsafeBufferPointer { buffer in
      buffer.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
  }
}

/// Reads a checkpoint's parts one after the other and never beyond the end.
private struct CheckpointReader {
  let bytes: [UInt8]
  let path: String
  var position = 0

  init(bytes: [UInt8], path: String) {
    self.bytes = bytes
    self.path = path
  }

  func error(_ reason: String) -> TrainingError { .invalidCheckpoint(path: path, reason: reason) }

  func truncated(_ what: String) -> TrainingError { error("truncated: the file ends before \(what)") }

  mutating func number<Number: FixedWidthInteger>(_ type: Number.Type, _ what: String)
    throws(TrainingError) -> Number
  {
    let size = Number.bitWidth / 8
    guard bytes.count - position >= size else { throw truncated(what) }
    defer { position += size }
    return bytes[position..<position + size].withUnsafeBytes {
      Number(littleEndian: $0.loadUnaligned(as: Number.self))
    }
  }

  /// A number of elements of `size` bytes, and the elements.
  mutating func take(_ type: UInt64.Type, size: Int, _ what: String) throws(TrainingError)
    -> ArraySlice<UInt8>
  {
    let count = try number(type, what)
    guard count <= UInt64((bytes.count - position) / size) else { throw truncated("the end of \(what)") }
    defer { position += Int(count) * size }
    return bytes[position..<position + Int(count) * size]
  }
}
