/// Floats at a fixed address, aligned for every vector unit, zero at first.
///
/// The owner decides which thread touches which part, and says so where it does.
final class AlignedBuffer: @unchecked Sendable {
  /// The first float.
  let pointer: UnsafeMutablePointer<Float>
  /// The number of floats.
  let count: Int

  init(count: Int) {
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
    pointer = raw.bindMemory(to: Float.self, capacity: max(count, 1))
    pointer.initialize(repeating: 0, count: max(count, 1))
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}
