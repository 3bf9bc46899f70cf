import Foundation
import Foundations
import Testing

/// NumPy's file format: what we write we read, what NumPy writes we read, and nothing damaged ends the process.
@Suite struct NumPyArrayTests {
  /// A file as NumPy would write it, with any header.
  private func file(_ header: String, version: UInt8 = 1, values: [Float] = []) -> Data {
    var data = Data([0x93] + Array("NUMPY".utf8) + [version, 0])
    let length = header.utf8.count
    for shift in 0..<(version == 1 ? 2 : 4) { data.append(UInt8(length >> (8 * shift) & 0xFF)) }
    data.append(contentsOf: header.utf8)
    for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) } }
    return data
  }

  @Test(arguments: [[], [0], [3], [2, 3], [1, 3, 4, 5], [2, 0, 7]]) func roundTrip(shape: [Int]) throws {
    let values = (0..<shape.reduce(1, *)).map { Float($0) * 0.37 - 1 }
    let array = NumPyArray(shape: shape, values: values)
    let data = array.encoded
    let header = data.count - values.count * 4
    #expect(header % 64 == 0 && data[header - 1] == UInt8(ascii: "\n"))
    #expect(try NumPyArray(data: data, source: "a.npy") == array)
    // A slice of data does not begin at index 0.
    #expect(try NumPyArray(data: (Data([1, 2, 3]) + data).dropFirst(3), source: "a.npy") == array)
  }

  @Test func bitsAreKept() throws {
    let values: [Float] = [.nan, -.infinity, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
    let again = try NumPyArray(data: NumPyArray(shape: [5], values: values).encoded, source: "a.npy")
    #expect(again.values.map(\.bitPattern) == values.map(\.bitPattern))
  }

  @Test(arguments: [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }    \n",
    "{'shape': (2,1), 'fortran_order': False, 'descr': '<f4'}",
    "{\"descr\": \"<f4\", \"fortran_order\": True, \"shape\": (2,1,)}\n",
  ])
  func headersOfOtherWriters(header: String) throws {
    for version in [1, 2, 3] as [UInt8] {
      let array = try NumPyArray(data: file(header, version: version, values: [1, 2]), source: "a.npy")
      #expect(array.shape == [2, 1] && array.values == [1, 2])
    }
  }

  @Test func mistakesAreNamed() {
    func error(_ data: Data) -> NumPyError? {
      #expect(throws: NumPyError.self) { try NumPyArray(data: data, source: "a.npy") }
    }
    func header(_ type: String, _ order: String, _ shape: String) -> String {
      "{'descr': '\(type)', 'fortran_order': \(order), 'shape': \(shape), }\n"
    }
    #expect(error(file(header("<f8", "False", "(1,)"))) == .unsupportedType(file: "a.npy", type: "<f8"))
    #expect(error(file(header(">f4", "False", "(1,)"))) == .unsupportedType(file: "a.npy", type: ">f4"))
    #expect(
      error(file(header("<f4", "True", "(2, 2)"), values: [1, 2, 3, 4])) == .columnMajor(file: "a.npy"))
    for (data, part) in [
      (Data(), "signature"), (Data("PK".utf8), "signature"), (file(""), "truncated"),
      (file("{}          "), "dictionary"), (file(header("<f4", "False", "(2,)"), values: [1]), "4 bytes"),
      (file(header("<f4", "False", "(1,)"), values: [1, 2]), "8 bytes"),
      (file(header("<f4", "False", "(9999999999, 9999999999)")), "too large"),
      (file(header("<f4", "False", "(99999999999999999999,)")), "dictionary"),
      (file(header("<f4", "False", "(-1,)")), "dictionary"), (file(header("<f4", "0", "()")), "dictionary"),
      (file("{'descr': '<f4', 'descr': '<f4', 'shape': ()}"), "dictionary"),
      (file(header("<f4", "False", "(1,)"), version: 4), "version 4"),
    ] {
      let text = error(data).map { "\($0)" } ?? ""
      #expect(text.hasPrefix("a.npy: not a readable .npy file") && text.contains(part), "\(text)")
    }
  }

  @Test func damagedFilesAreErrorsOrArrays() {
    var generator = SeededGenerator(seed: 8)
    let original = [UInt8](NumPyArray(shape: [2, 3], values: [1, 2, 3, 4, 5, 6]).encoded)
    var refused = 0
    for _ in 0..<20_000 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
        let position = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[position] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.removeSubrange(position...)
        case 2: bytes.insert(contentsOf: bytes[..<position], at: position)
        default: bytes.removeSubrange(..<position)
        }
      }
      if let array = try? NumPyArray(data: Data(bytes), source: "a.npy") {
        #expect(array.shape.reduce(1, *) == array.values.count)
      } else {
        refused += 1
      }
    }
    #expect(refused > 10_000 && refused < 20_000)
  }
}
