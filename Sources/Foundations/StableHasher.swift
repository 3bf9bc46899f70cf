/// A 64-bit FNV-1a hash that is the same in every process and on every platform.
///
/// Use it where a hash is stored or compared between runs; `Swift.Hasher` is seeded per process. It is not
/// meant against adversaries: whatever must not collide is compared in full.
public struct StableHasher: Sendable {
  /// The hash of everything combined so far.
  public private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  /// Creates a hasher that has seen nothing.
  public init() {}

  /// Mixes in eight bytes.
  public mutating func combine(_ word: UInt64) {
    for shift in stride(from: 0, to: 64, by: 8) {
      combineByte(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
    }
  }

  /// Mixes in an integer.
  public mutating func combine(_ number: Int) { combine(UInt64(bitPattern: Int64(number))) }

  /// Mixes in a string's UTF-8 bytes and their count, so that ("a", "bc") and ("ab", "c") differ.
  public mutating func combine(_ text: String) {
    combine(text.utf8.count)
    for byte in text.utf8 { combineByte(byte) }
  }

  /// Mixes in bytes without their count.
  public mutating func combine(bytes: UnsafeRawBufferPointer) {
    for byte in bytes { combineByte(byte) }
  }

  private mutating func combineByte(_ byte: UInt8) {
    value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
  }
}
