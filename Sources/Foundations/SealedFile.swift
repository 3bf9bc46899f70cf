import Foundation

/// Binary files that notice when they are damaged.
///
/// All numbers are little-endian: eight bytes that name the format, its version (32 bits), whatever the format holds, and
/// at the end the FNV-1a hash (64 bits) of all bytes before.
public enum SealedFile {
  /// Why bytes are not what they should be; the reader of a format adds the name of the file.
  public struct Damage: Error, Hashable, Sendable {
    /// The reason, as part of a sentence.
    public let reason: String

    /// Creates an error.
    public init(_ reason: String) { self.reason = reason }
  }

  private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    var hasher = StableHasher()
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    return hasher.value
  }
}

extension SealedFile {
  /// Collects the bytes of a file.
  public struct Writer {
    private var bytes: [UInt8]

    /// Begins a file.
    ///
    /// - Precondition: `magic` has eight bytes.
    public init(magic: String, version: UInt32) {
      bytes = Array(magic.utf8)
      precondition(bytes.count == 8, "a format is named by eight bytes")
      append(version)
    }

    /// Appends a number.
    public mutating func append(_ number: some FixedWidthInteger) {
      withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }

    /// Appends bytes without their count.
    public mutating func append(_ content: some Sequence<UInt8>) { bytes += content }

    /// Appends the number of some bytes (64 bits) and the bytes.
    public mutating func appendCounted(_ content: some Collection<UInt8>) {
      append(UInt64(content.count))
      append(content)
    }

    /// Appends numbers without their count.
    public mutating func append(numbers: some Collection<UInt32>) {
      bytes.reserveCapacity(bytes.count + 4 * numbers.count)
      for number in numbers { append(number) }
    }

    /// The file, with its hash.
    public func sealed() -> Data {
      var result = self
      result.append(SealedFile.hash(bytes[...]))
      return Data(result.bytes)
    }
  }
}

extension SealedFile {
  /// Reads the parts of a file one after the other and never beyond the end.
  public struct Reader {
    private let bytes: [UInt8]
    private let end: Int
    private var position: Int

    /// Opens a file of a format.
    ///
    /// - Parameter name: what the file should be, for the error, such as "a file of weights".
    /// - Throws: ``Damage`` if it is of another format or version, or if its hash is wrong.
    public init(_ data: Data, magic: String, version: UInt32, name: String) throws(Damage) {
      bytes = [UInt8](data)
      position = magic.utf8.count
      guard bytes.starts(with: magic.utf8) else { throw Damage("not \(name)") }
      end = max(bytes.count - 8, position)
      let found = try number(UInt32.self, "the version")
      guard found == version else {
        throw Damage("version \(found) is not supported (expected \(version))")
      }
      let stored = bytes[end...].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      guard stored == SealedFile.hash(bytes[..<end]) else {
        throw Damage("the checksum is wrong: the file is damaged or truncated")
      }
    }

    /// Reads a number; `what` names it in the error.
    public mutating func number<Number: FixedWidthInteger>(_ type: Number.Type, _ what: String)
      throws(Damage) -> Number
    {
      let raw = try take(1, of: Number.bitWidth / 8, what)
      return raw.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(as: Number.self)) }
    }

    /// Reads `count` elements of `size` bytes each.
    public mutating func take(_ count: some FixedWidthInteger, of size: Int = 1, _ what: String)
      throws(Damage) -> ArraySlice<UInt8>
    {
      guard count >= 0, count <= (end - position) / size else {
        throw Damage("truncated: the file ends before the end of \(what)")
      }
      defer { position += Int(count) * size }
      return bytes[position..<position + Int(count) * size]
    }

    /// Reads the number of some bytes (64 bits) and the bytes.
    public mutating func takeCounted(_ what: String) throws(Damage) -> ArraySlice<UInt8> {
      try take(try number(UInt64.self, "the size of \(what)"), what)
    }

    /// Reads `count` numbers.
    public mutating func numbers(_ count: some FixedWidthInteger, _ what: String) throws(Damage) -> [UInt32] {
      try take(count, of: 4, what).withUnsafeBytes { buffer in
        (0..<buffer.count / 4).map {
          UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self))
        }
      }
    }

    /// Ends the reading.
    ///
    /// - Throws: ``Damage`` if bytes are left.
    public func finish() throws(Damage) {
      guard position == end else { throw Damage("\(end - position) bytes follow the last part") }
    }
  }
}
