#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Floats at a fixed address, aligned for every vector unit, zero at first.
///
/// The owner decides which thread touches which part, and says so where it does.
final class AlignedBuffer: @unchecked Sendable {
  /// The first float.
  let pointer: UnsafeMutablePointer<Float>
  /// The number of floats.
  let count: Int

  /// The size of a large page where the system has them.
  private static let largePage = 1 << 21

  init(count: Int) {
    self.count = count
    let bytes = max(count, 1) * 4
    let isLarge = bytes >= Self.largePage
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: bytes, alignment: isLarge ? Self.largePage : 64)
    #if os(Linux)
      // A kernel that reads one row of many channels touches as many pages; small ones overflow the address cache.
      // Where the system refuses, all works as before.
      if isLarge { _ = madvise(raw, bytes, MADV_HUGEPAGE) }
    #endif
    pointer = raw.bindMemory(to: Float.self, capacity: max(count, 1))
    pointer.initialize(repeating: 0, count: max(count, 1))
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}
