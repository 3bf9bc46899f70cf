import ComputationGraph
import Foundation
import Foundations

/// A file of weights by name, so that a trained network can be stored and read back bit for bit.
///
/// All numbers are little-endian: the eight bytes `TANDEMWT`, the version (32 bits), the number of weights
/// (32 bits); per weight, sorted by name, the length of its name in bytes (32 bits), the name in UTF-8, the number
/// of its elements (64 bits) and the elements (float32); at the end the FNV-1a hash (64 bits) of all bytes before.
public enum WeightsFile {
  private static let magic = Array("TANDEMWT".utf8)
  private static let version: UInt32 = 1
  private static let maximumNameBytes = 4096

  /// Writes weights; a file of the same name is replaced at once or not at all.
  ///
  /// - Throws: ``TrainingError/file(_:)``.
  public static func write(_ weights: WeightValues, to url: URL) throws(TrainingError) {
    do {
      try AtomicFile.write(encode(weights), to: url)
    } catch {
      throw .file(error)
    }
  }

  /// Reads weights.
  ///
  /// - Throws: ``TrainingError/file(_:)`` if the file cannot be read,
  ///   ``TrainingError/invalidWeightsFile(path:reason:)`` if it is truncated, damaged or not a file of weights.
  public static func read(_ url: URL) throws(TrainingError) -> WeightValues {
    let data: Data
    do {
      data = try AtomicFile.read(url)
    } catch {
      throw .file(error)
    }
    return try decode(data, path: url.path)
  }

  /// The bytes of a file.
  public static func encode(_ weights: WeightValues) -> Data {
    var bytes = magic
    func append<Number: FixedWidthInteger>(_ number: Number) {
      withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }
    append(version)
    append(UInt32(weights.names.count))
    for name in weights.names {
      let values = weights[name]!
      append(UInt32(name.utf8.count))
      bytes += Array(name.utf8)
      append(UInt64(values.count))
      bytes.reserveCapacity(bytes.count + 4 * values.count)
      for value in values { append(value.bitPattern) }
    }
    append(hash(bytes[...]))
    return Data(bytes)
  }

  /// Reads the bytes of a file; `path` names it in errors.
  ///
  /// - Throws: ``TrainingError/invalidWeightsFile(path:reason:)``.
  public static func decode(_ data: Data, path: String) throws(TrainingError) -> WeightValues {
    var reader = Reader(bytes: [UInt8](data), path: path)
    guard reader.bytes.starts(with: magic) else { throw reader.error("not a file of Tandem weights") }
    reader.position = magic.count
    let found = try reader.number(UInt32.self, "the version")
    guard found == version else {
      throw reader.error("version \(found) is not supported (expected \(version))")
    }
    guard reader.bytes.count >= reader.position + 12 else { throw reader.truncated("the checksum") }
    let payloadEnd = reader.bytes.count - 8
    let count = try reader.number(UInt32.self, "the number of weights")
    var values: [String: [Float]] = [:]
    for index in 0..<count {
      let length = Int(try reader.number(UInt32.self, "the name of weight \(index)"))
      guard length <= maximumNameBytes else {
        throw reader.error("the name of weight \(index) has \(length) bytes")
      }
      guard length <= payloadEnd - reader.position else {
        throw reader.truncated("the name of weight \(index)")
      }
      guard let name = String(validating: reader.take(length), as: UTF8.self) else {
        throw reader.error("the name of weight \(index) is not UTF-8")
      }
      let elements = try reader.number(UInt64.self, "the size of '\(name)'")
      guard reader.position <= payloadEnd, elements <= UInt64((payloadEnd - reader.position) / 4) else {
        throw reader.truncated("the elements of '\(name)'")
      }
      let raw = reader.take(4 * Int(elements))
      let array = raw.withUnsafeBytes { buffer in
        (0..<Int(elements)).map {
          Float(
            bitPattern: UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
        }
      }
      guard values.updateValue(array, forKey: name) == nil else {
        throw reader.error("'\(name)' appears twice")
      }
    }
    guard reader.position == payloadEnd else {
      throw reader.error("\(payloadEnd - reader.position) bytes follow the last weight")
    }
    let stored = try reader.number(UInt64.self, "the checksum")
    guard stored == hash(reader.bytes[..<payloadEnd]) else { throw reader.error("the checksum is wrong") }
    return WeightValues(values)
  }

  private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.withUnsafeBufferPointer { buffer in
      buffer.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
  }

  /// Reads numbers one after the other and never beyond the end.
  private struct Reader {
    let bytes: [UInt8]
    let path: String
    var position = 0

    init(bytes: [UInt8], path: String) {
      self.bytes = bytes
      self.path = path
    }

    func error(_ reason: String) -> TrainingError { .invalidWeightsFile(path: path, reason: reason) }

    func truncated(_ what: String) -> TrainingError { error("truncated: the file ends before \(what)") }

    /// - Precondition: so many bytes are left.
    mutating func take(_ count: Int) -> ArraySlice<UInt8> {
      defer { position += count }
      return bytes[position..<position + count]
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type, _ what: String)
      throws(TrainingError) -> Number
    {
      let size = Number.bitWidth / 8
      guard bytes.count - position >= size else { throw truncated(what) }
      return take(size).withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(as: Number.self)) }
    }
  }
}
