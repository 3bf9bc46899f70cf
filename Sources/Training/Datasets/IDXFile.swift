import Foundation

/// A file of the MNIST family: a magic number that tells the number of dimensions, the extents, then bytes.
///
/// All numbers are big-endian: two zero bytes, the element type (8 for bytes), the number of dimensions, then one
/// 32-bit extent each. Files may be compressed with gzip.
public struct IDXFile: Sendable, Hashable {
  /// The extents, outermost first.
  public let extents: [Int]
  /// The elements, row-major.
  public let bytes: [UInt8]

  /// No known data set of this format comes near this size.
  private static let maximumBytes = 1 << 30

  /// Reads a file of bytes with `dimensions` dimensions.
  ///
  /// - Throws: ``DatasetError`` naming the file for anything but exactly the bytes that the header announces.
  public init(contentsOf url: URL, dimensions: Int) throws(DatasetError) {
    try self.init(GzipFile.read(url, maximumBytes: Self.maximumBytes), path: url.path, dimensions: dimensions)
  }

  /// Reads the (uncompressed) contents of a file; `path` names it in errors.
  ///
  /// - Throws: as ``init(contentsOf:dimensions:)``.
  public init(_ contents: [UInt8], path: String, dimensions: Int) throws(DatasetError) {
    let headerBytes = 4 + 4 * dimensions
    guard contents.count >= headerBytes else {
      throw .truncated(path: path, expectedBytes: headerBytes, foundBytes: contents.count)
    }
    let magic = Self.number(in: contents, at: 0)
    let expected = 0x0800 + dimensions
    guard magic == expected else {
      throw .invalidFile(path: path, reason: "the magic number is \(magic), expected \(expected)")
    }
    let extents = (0..<dimensions).map { Self.number(in: contents, at: 4 + 4 * $0) }
    var total = 1
    for extent in extents {
      let (product, overflow) = total.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= Self.maximumBytes else {
        throw .invalidFile(
          path: path, reason: "the extents \(extents.map(String.init).joined(separator: "×")) are too large")
      }
      total = product
    }
    guard contents.count >= headerBytes + total else {
      throw .truncated(path: path, expectedBytes: headerBytes + total, foundBytes: contents.count)
    }
    guard contents.count == headerBytes + total else {
      throw .invalidFile(
        path: path,
        reason: "\(contents.count - headerBytes - total) bytes follow the \(total) that the header announces")
    }
    self.extents = extents
    bytes = Array(contents[headerBytes...])
  }

  private static func number(in contents: [UInt8], at offset: Int) -> Int {
    contents[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
  }
}
