import CZlib
import Foundation
import Foundations
import Testing
import Training

/// Bytes of an idx file.
func idx(_ extents: [Int], _ bytes: [UInt8], magic: UInt32? = nil) -> [UInt8] {
  func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
  return big(magic ?? UInt32(0x800 + extents.count)) + extents.flatMap { big(UInt32($0)) } + bytes
}

/// `bytes` as a gzip file.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
  var stream = z_stream()
  #expect(
    deflateInit2_(
      &stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
      == Z_OK)
  defer { deflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: bytes.count + 1024)
  let count = input.withUnsafeMutableBufferPointer { source in
    output.withUnsafeMutableBufferPointer { target in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(source.count)
      stream.next_out = target.baseAddress
      stream.avail_out = UInt32(target.count)
      #expect(deflate(&stream, Z_FINISH) == Z_STREAM_END)
      return target.count - Int(stream.avail_out)
    }
  }
  return Array(output[..<count])
}

@Suite struct IDXFileTests {
  @Test func readsExtentsAndBytes() throws {
    let file = try IDXFile(idx([2, 3], [1, 2, 3, 4, 5, 6]), path: "x", dimensions: 2)
    #expect(file.extents == [2, 3])
    #expect(file.bytes == [1, 2, 3, 4, 5, 6])
    #expect(try IDXFile(idx([0], []), path: "x", dimensions: 1).bytes.isEmpty)
  }

  @Test func damageIsNamed() {
    func error(_ bytes: [UInt8], _ dimensions: Int) -> DatasetError? {
      #expect(throws: DatasetError.self) { try IDXFile(bytes, path: "x", dimensions: dimensions) }
    }
    #expect(error([0, 0, 8], 1) == .truncated(path: "x", expectedBytes: 8, foundBytes: 3))
    #expect(error(idx([4], [1, 2, 3]), 1) == .truncated(path: "x", expectedBytes: 12, foundBytes: 11))
    #expect(
      error(idx([1], [1]), 3) == .truncated(path: "x", expectedBytes: 16, foundBytes: 9))
    #expect(
      error(idx([2, 2, 2], [UInt8](repeating: 0, count: 8)), 1)
        == .invalidFile(path: "x", reason: "the magic number is 2051, expected 2049"))
    #expect(
      error(idx([2], [1, 2, 3]), 1)
        == .invalidFile(path: "x", reason: "1 bytes follow the 2 that the header announces"))
    #expect(
      error(idx([0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF], []), 3)
        == .invalidFile(path: "x", reason: "the extents 4294967295×4294967295×4294967295 are too large"))
  }

  @Test func anyBytesGiveAResultOrAnError() {
    var generator = SeededGenerator(seed: 12)
    let original = idx([3, 4, 5], (0..<60).map { UInt8($0) })
    for _ in 0..<5000 {
      var bytes = original
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator))
      case 1:
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
          bytes[Int.random(in: 0..<20, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
        }
      default: bytes.append(contentsOf: (0..<Int.random(in: 1...9, using: &generator)).map { _ in 7 })
      }
      do {
        let file = try IDXFile(bytes, path: "x", dimensions: 3)
        #expect(file.extents.reduce(1, *) == file.bytes.count)
        #expect(bytes.count == 16 + file.bytes.count)
      } catch {
        #expect(error.description.hasPrefix("x: "))
      }
    }
  }

  @Test func compressedFilesAreReadAndDamageIsNamed() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tandem-\(UUID().uuidString)")
    try AtomicFile.createFolder(folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    let url = folder.appendingPathComponent("data.gz")
    let plain = idx([300, 10], (0..<3000).map { UInt8(truncatingIfNeeded: $0 &* $0) })
    let compressed = gzip(plain)
    try AtomicFile.write(Data(compressed), to: url)
    #expect(try IDXFile(contentsOf: url, dimensions: 2).bytes == Array(plain[12...]))

    try AtomicFile.write(Data(compressed.dropLast(20)), to: url)
    #expect(throws: DatasetError.invalidFile(path: url.path, reason: "the compressed data is truncated")) {
      try IDXFile(contentsOf: url, dimensions: 2)
    }
    var damaged = compressed
    damaged[damaged.count - 6] ^= 0xFF
    try AtomicFile.write(Data(damaged), to: url)
    #expect(throws: DatasetError.invalidFile(path: url.path, reason: "the compressed data is damaged")) {
      try IDXFile(contentsOf: url, dimensions: 2)
    }
    let missing = folder.appendingPathComponent("nothing")
    #expect(throws: DatasetError.missingFile(path: missing.path)) {
      try IDXFile(contentsOf: missing, dimensions: 2)
    }

    var generator = SeededGenerator(seed: 3)
    for _ in 0..<200 {
      var bytes = compressed
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: 2..<bytes.count, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      try AtomicFile.write(Data(bytes), to: url)
      if let file = try? IDXFile(contentsOf: url, dimensions: 2) {
        #expect(file.bytes == Array(plain[12...]), "damage went unnoticed")
      }
    }
  }
}
