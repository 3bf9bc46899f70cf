import Foundation

/// A float32 array in NumPy's file format (`.npy`, versions 1 to 3), row-major.
///
///     let image = try NumPyArray(data: AtomicFile.read(url), source: "image.npy")
///     try AtomicFile.write(NumPyArray(shape: [1, 10], values: logits).encoded, to: output)
public struct NumPyArray: Hashable, Sendable {
  /// The extent of each dimension; a scalar has none.
  public let shape: [Int]
  /// The elements, row-major, as many as the shape says.
  public let values: [Float]

  fileprivate static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  private static let alignment = 64

  /// Creates an array.
  ///
  /// - Precondition: extents are not negative and there are as many values as the shape says.
  public init(shape: [Int], values: [Float]) {
    precondition(
      shape.allSatisfy { $0 >= 0 } && shape.reduce(1, *) == values.count, "values do not fit the shape")
    self.shape = shape
    self.values = values
  }

  /// Reads an array from the bytes of a file.
  ///
  /// - Parameter source: the file's name, for errors.
  /// - Throws: ``NumPyError`` if the bytes are no array, or one that is not float32 in row-major order.
  /// - Complexity: linear in the bytes.
  public init(data: Data, source: String) throws(NumPyError) {
    let header = try NumPyHeader(data: data, source: source)
    guard header.type == "<f4" else { throw .unsupportedType(file: source, type: header.type) }
    let payload = data.dropFirst(header.payloadStart)
    let count = header.count
    guard count <= Int.max / 8 else { throw .notAnArray(file: source, reason: "its shape is too large") }
    guard payload.count == count * 4 else {
      throw .notAnArray(
        file: source,
        reason: "it holds \(payload.count) bytes of values, but its shape needs \(count * 4)")
    }
    shape = header.shape
    values = payload.withUnsafeBytes { bytes in
      (0..<count).map {
        Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
      }
    }
  }

  /// The bytes of a file: version 1 of the format, as NumPy writes it.
  public var encoded: Data {
    let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }"
    let unpadded = Self.magic.count + 4 + header.utf8.count + 1
    header +=
      String(repeating: " ", count: (Self.alignment - unpadded % Self.alignment) % Self.alignment) + "\n"
    let length = header.utf8.count
    var result = Data(Self.magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)])
    result.append(contentsOf: header.utf8)
    for value in values {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { result.append(contentsOf: $0) }
    }
    return result
  }
}

/// What stands before the elements of an array file: for readers of other types than ``NumPyArray``.
public struct NumPyHeader: Hashable, Sendable {
  /// The type as NumPy writes it: `<f4`, `|u1`.
  public let type: String
  /// The extent of each dimension.
  public let shape: [Int]
  /// The number of elements: the product of the extents.
  public let count: Int
  /// Where the elements begin in the file, which are in row-major order.
  public let payloadStart: Int

  /// Reads the header from the bytes of a file, or from its first bytes.
  ///
  /// - Parameter source: the file's name, for errors.
  /// - Throws: ``NumPyError`` if the bytes are no array, or one in column-major order.
  public init(data: Data, source: String) throws(NumPyError) {
    func damaged(_ reason: String) -> NumPyError { .notAnArray(file: source, reason: reason) }
    let bytes = [UInt8](data.prefix(12))
    guard bytes.starts(with: NumPyArray.magic) else {
      throw damaged("it does not begin with NumPy's signature")
    }
    guard bytes.count == 12 else { throw damaged("it is truncated") }
    let (version, start) = (bytes[6], bytes[6] == 1 ? 10 : 12)
    guard (1...3).contains(version) else { throw damaged("version \(version) of the format is not known") }
    let length = bytes[8..<start].enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    guard length <= data.count - start else { throw damaged("its header is truncated") }
    guard let text = String(bytes: data.dropFirst(start).prefix(length), encoding: .utf8),
      let header = NumPyDictionary(text)
    else { throw damaged("its header is no dictionary of 'descr', 'fortran_order' and 'shape'") }
    var count = 1
    for extent in header.shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      if overflow { throw damaged("its shape is too large") }
      count = product
    }
    guard !header.isColumnMajor || header.shape.filter({ $0 > 1 }).count <= 1 else {
      throw .columnMajor(file: source)
    }
    type = header.type
    shape = header.shape
    self.count = count
    payloadStart = start + length
  }
}

/// The text of an array file's header: a Python dictionary with three keys.
private struct NumPyDictionary {
  var type = ""
  var isColumnMajor = false
  var shape: [Int] = []

  init?(_ text: String) {
    var rest = Substring(text)
    func skip(_ token: String) -> Bool {
      rest = rest.drop { $0.isWhitespace }
      guard rest.hasPrefix(token) else { return false }
      rest = rest.dropFirst(token.count)
      return true
    }
    func string() -> String? {
      guard let quote = ["'", "\""].first(where: skip), let end = rest.firstIndex(of: Character(quote)) else {
        return nil
      }
      defer { rest = rest[end...].dropFirst() }
      return String(rest[..<end])
    }
    func tuple() -> [Int]? {
      guard skip("(") else { return nil }
      var extents: [Int] = []
      while !skip(")") {
        rest = rest.drop { $0.isWhitespace }
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard let extent = Int(digits), extents.count < 64 else { return nil }
        extents.append(extent)
        rest = rest.dropFirst(digits.count)
        if !skip(",") {
          guard skip(")") else { return nil }
          break
        }
      }
      return extents
    }
    var seen: Set<String> = []
    guard skip("{") else { return nil }
    while !skip("}") {
      guard let key = string(), skip(":"), seen.insert(key).inserted else { return nil }
      switch key {
      case "descr":
        guard let value = string() else { return nil }
        type = value
      case "fortran_order":
        isColumnMajor = skip("True")
        guard isColumnMajor || skip("False") else { return nil }
      case "shape":
        guard let value = tuple() else { return nil }
        shape = value
      default: return nil
      }
      if !skip(",") {
        guard skip("}") else { return nil }
        break
      }
    }
    guard seen.count == 3, rest.allSatisfy(\.isWhitespace) else { return nil }
  }
}

/// Why a file is no array that can be read.
public enum NumPyError: Error, Equatable, CustomStringConvertible {
  /// The bytes are no `.npy` file: damaged, truncated or something else.
  case notAnArray(file: String, reason: String)
  /// The elements are not little-endian float32.
  case unsupportedType(file: String, type: String)
  /// The elements are in column-major order.
  case columnMajor(file: String)

  /// One sentence that names the file.
  public var description: String {
    switch self {
    case .notAnArray(let file, let reason): "\(file.escaped): not a readable .npy file: \(reason)"
    case .unsupportedType(let file, let type):
      "\(file.escaped): its elements are of type '\(type.quoted)'; write float32 ('<f4') with array.astype('<f4')"
    case .columnMajor(let file):
      "\(file.escaped): its elements are in column-major order; write numpy.ascontiguousarray(array)"
    }
  }
}
