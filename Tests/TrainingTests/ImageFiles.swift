import CZlib
import Foundation
import Foundations
import Testing

/// Image and array files as other programs write them, made here from their specifications.
enum ImageFiles {
  /// A chunk of a PNG file.
  static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    return big(UInt32(data.count)) + body
      + big(UInt32(truncatingIfNeeded: crc32(0, body, UInt32(body.count))))
  }

  static func big(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
  }

  static func header(_ width: Int, _ height: Int, type: UInt8, depth: UInt8 = 8, interlace: UInt8 = 0)
    -> [UInt8]
  {
    chunk("IHDR", big(UInt32(width)) + big(UInt32(height)) + [depth, type, 0, 0, interlace])
  }

  static func compressed(_ bytes: [UInt8]) -> [UInt8] {
    var count = compressBound(uLong(bytes.count))
    var output = [UInt8](repeating: 0, count: Int(count))
    #expect(compress(&output, &count, bytes, uLong(bytes.count)) == Z_OK)
    return Array(output[..<Int(count)])
  }

  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// A PNG image of interleaved samples; rows are filtered by `filter`, or by each in turn.
  static func png(
    _ samples: [UInt8], width: Int, height: Int, type: UInt8, palette: [UInt8] = [], filter: UInt8? = nil,
    parts: Int = 1
  ) -> [UInt8] {
    let bytes = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][type]!
    let row = width * bytes
    var filtered: [UInt8] = []
    for y in 0..<height {
      let kind = filter ?? UInt8(y % 5)
      filtered.append(kind)
      for x in 0..<row {
        let a = x >= bytes ? Int(samples[y * row + x - bytes]) : 0
        let b = y > 0 ? Int(samples[(y - 1) * row + x]) : 0
        let c = x >= bytes && y > 0 ? Int(samples[(y - 1) * row + x - bytes]) : 0
        // The specification's PaethPredictor: the nearest of a, b, c to a + b − c, ties in this order.
        let paeth = [a, b, c].enumerated().min {
          (abs(a + b - c - $0.element), $0.offset) < (abs(a + b - c - $1.element), $1.offset)
        }!.element
        let prediction = [0, a, b, (a + b) / 2, paeth][Int(kind)]
        filtered.append(UInt8(truncatingIfNeeded: Int(samples[y * row + x]) - prediction))
      }
    }
    let data = compressed(filtered)
    var result = signature + header(width, height, type: type) + chunk("tEXt", Array("a\0b".utf8))
    if !palette.isEmpty { result += chunk("PLTE", palette) }
    for part in 0..<parts {
      result += chunk("IDAT", Array(data[data.count * part / parts..<data.count * (part + 1) / parts]))
    }
    return result + chunk("IEND", [])
  }

  /// A NumPy file.
  static func npy(_ type: String, _ shape: [Int], _ payload: [UInt8], fortran: Bool = false) -> [UInt8] {
    let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let text =
      "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': (\(extents)), }\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8) + payload
  }

  static func random(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
  }

  /// Interleaved samples as planes.
  static func planes(_ samples: [UInt8], per pixel: Int, channels: Int) -> [UInt8] {
    (0..<channels).flatMap { channel in
      stride(from: channel, to: samples.count, by: pixel).map { samples[$0] }
    }
  }

  /// Some mutation of a file: bytes changed, removed, added or repeated.
  static func mutated(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var result = bytes
    for _ in 0..<Int.random(in: 1...4, using: &generator) where !result.isEmpty {
      let place = Int.random(in: 0..<result.count, using: &generator)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: result.removeLast(Int.random(in: 0...result.count, using: &generator))
      case 1: result[place] ^= UInt8(1 << Int.random(in: 0..<8, using: &generator))
      case 2: result[place] = [0, 1, 127, 128, 255].randomElement(using: &generator)!
      case 3: result.insert(UInt8.random(in: 0...255, using: &generator), at: place)
      case 4: result.remove(at: place)
      default: result += result[place...].prefix(40)
      }
    }
    return result
  }
}

/// A folder for one test.
final class DataFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("tandem-data-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func write(_ bytes: [UInt8], to path: String) throws {
    let file = url.appendingPathComponent(path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
  }
}
