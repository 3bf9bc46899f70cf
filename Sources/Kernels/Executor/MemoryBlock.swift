/// Zeroed memory that is freed with its owner, aligned to a cache line.
final class MemoryBlock {
  /// The alignment of every block: a cache line, and the widest vector.
  static let alignment = 64

  let start: UnsafeMutableRawPointer
  let bytes: Int

  init(bytes: Int) {
    self.bytes = bytes
    start = .allocate(byteCount: max(bytes, 1), alignment: Self.alignment)
    start.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
  }

  deinit { start.deallocate() }
}
