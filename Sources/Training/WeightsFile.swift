import ComputationGraph
import Foundation
import Foundations

/// A file of weights by name, so that a trained network can be stored and read back bit for bit.
///
/// A ``SealedFile`` `TANDEMWT`: the number of weights (32 bits); per weight, sorted by name, the length of its name in bytes
/// (32 bits), the name in UTF-8, the number of its elements (64 bits) and the elements (float32).
public enum WeightsFile {
  private static let magic = "TANDEMWT"
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
    var writer = SealedFile.Writer(magic: magic, version: version)
    writer.append(UInt32(weights.names.count))
    for name in weights.names {
      let values = weights[name]!
      writer.append(UInt32(name.utf8.count))
      writer.append(name.utf8)
      writer.append(UInt64(values.count))
      writer.append(numbers: values.lazy.map(\.bitPattern))
    }
    return writer.sealed()
  }

  /// Reads the bytes of a file; `path` names it in errors.
  ///
  /// - Throws: ``TrainingError/invalidWeightsFile(path:reason:)``.
  public static func decode(_ data: Data, path: String) throws(TrainingError) -> WeightValues {
    do throws(SealedFile.Damage) {
      return try decode(data)
    } catch {
      throw .invalidWeightsFile(path: path, reason: error.reason)
    }
  }

  /// Reads the bytes of a file that may be a part of another.
  static func decode(_ data: Data) throws(SealedFile.Damage) -> WeightValues {
    var reader = try SealedFile.Reader(
      data, magic: magic, version: version, name: "a file of Tandem weights")
    var values: [String: [Float]] = [:]
    for index in 0..<(try reader.number(UInt32.self, "the number of weights")) {
      let length = try reader.number(UInt32.self, "the name of weight \(index)")
      guard length <= maximumNameBytes else {
        throw SealedFile.Damage("the name of weight \(index) has \(length) bytes")
      }
      let bytes = try reader.take(length, "the name of weight \(index)")
      guard let name = String(validating: bytes, as: UTF8.self) else {
        throw SealedFile.Damage("the name of weight \(index) is not UTF-8")
      }
      let elements = try reader.number(UInt64.self, "the size of '\(name)'")
      let array = try reader.numbers(elements, "the elements of '\(name)'").map(Float.init(bitPattern:))
      guard values.updateValue(array, forKey: name) == nil else {
        throw SealedFile.Damage("'\(name)' appears twice")
      }
    }
    try reader.finish()
    return WeightValues(values)
  }
}
