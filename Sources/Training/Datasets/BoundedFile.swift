import Foundation
import Foundations

/// Reads regular files whose size is looked at first, so that no file can fill the memory.
enum BoundedFile {
  /// What one part of a data set may take in memory.
  static let maximumDatasetBytes = 1 << 32

  /// The size of a regular file.
  ///
  /// - Throws: ``DatasetError`` if there is none, or something else of that name.
  static func size(_ url: URL) throws(DatasetError) -> Int {
    let resolved = url.resolvingSymlinksInPath()
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: resolved.path) else {
      throw .missingFile(path: url.path)
    }
    guard attributes[.type] as? FileAttributeType == .typeRegular, let size = attributes[.size] as? UInt64
    else { throw .cannotRead(path: url.path, reason: "it is no regular file") }
    return Int(clamping: size)
  }

  /// The bytes of a file.
  ///
  /// - Throws: ``DatasetError`` naming the file if it is missing, too large or cannot be read.
  static func read(_ url: URL, maximumBytes: Int) throws(DatasetError) -> [UInt8] {
    let size = try size(url)
    guard size <= maximumBytes else {
      throw .invalidFile(path: url.path, reason: "the contents are larger than \(maximumBytes) bytes")
    }
    do {
      return [UInt8](try AtomicFile.read(url))
    } catch {
      throw .cannotRead(path: url.path, reason: "\(error)")
    }
  }

  /// The first bytes of a file, as many as there are up to `count`.
  ///
  /// - Throws: ``DatasetError`` naming the file if it is missing or cannot be read.
  static func prefix(_ url: URL, count: Int) throws(DatasetError) -> Data {
    _ = try size(url)
    do {
      let handle = try FileHandle(forReadingFrom: url)
      defer { try? handle.close() }
      return try handle.read(upToCount: count) ?? Data()
    } catch {
      throw .cannotRead(path: url.path, reason: "the system refuses")
    }
  }
}
