import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Keeps other processes out of a run directory for as long as it lives.
///
/// The system releases the lock when the process ends, however it ends; a lock file that is left behind means
/// nothing by itself.
public final class RunLock: Sendable {
  private let descriptor: Int32

  /// Takes the lock.
  ///
  /// - Throws: ``StoreError/locked(path:owner:)`` if another process, or another lock of this one, holds it.
  package init(at url: URL, run: URL) throws(StoreError) {
    let descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw .system(path: url.path, reason: String(cString: strerror(errno)))
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let reason = errno
      let owner = Self.owner(descriptor)
      close(descriptor)
      if reason == EWOULDBLOCK { throw .locked(path: run.path, owner: owner) }
      throw .system(path: url.path, reason: String(cString: strerror(reason)))
    }
    let text = Array("\(getpid())\n".utf8)
    // The identifier is only for the message that another process prints.
    _ = ftruncate(descriptor, 0)
    _ = pwrite(descriptor, text, text.count, 0)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  private static func owner(_ descriptor: Int32) -> Int32? {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    return Int32(
      String(decoding: bytes[..<count], as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
  }
}
