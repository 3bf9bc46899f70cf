import Foundation

/// Writes files so that a reader sees the old content or the new, never a part.
public enum AtomicFile {
  /// Writes `data` to a temporary name beside `url` and renames it.
  ///
  /// - Throws: ``FileError/cannotWrite(path:reason:)``; the file that was there before is then untouched.
  public static func write(_ data: Data, to url: URL) throws(FileError) {
    do {
      try data.write(to: url, options: .atomic)
    } catch {
      throw .cannotWrite(path: url.path, reason: FileError.describe(error))
    }
  }

  /// Writes `text` as UTF-8; see ``write(_:to:)-(Data,_)``.
  public static func write(_ text: String, to url: URL) throws(FileError) {
    try write(Data(text.utf8), to: url)
  }

  /// Creates a folder and those above it.
  ///
  /// - Throws: ``FileError/cannotCreateFolder(path:reason:)``.
  public static func createFolder(_ url: URL) throws(FileError) {
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw .cannotCreateFolder(path: url.path, reason: FileError.describe(error))
    }
  }

  /// Reads a whole file.
  ///
  /// - Throws: ``FileError/cannotRead(path:reason:)``.
  public static func read(_ url: URL) throws(FileError) -> Data {
    do {
      return try Data(contentsOf: url)
    } catch {
      throw .cannotRead(path: url.path, reason: FileError.describe(error))
    }
  }
}

/// A file or folder that could not be read, written or created.
public enum FileError: Error, Equatable, CustomStringConvertible {
  case cannotRead(path: String, reason: String)
  case cannotWrite(path: String, reason: String)
  case cannotCreateFolder(path: String, reason: String)

  /// One sentence that names the path and the reason.
  public var description: String {
    switch self {
    case .cannotRead(let path, let reason): "cannot read \(path): \(reason)"
    case .cannotWrite(let path, let reason): "cannot write \(path): \(reason)"
    case .cannotCreateFolder(let path, let reason): "cannot create the folder \(path): \(reason)"
    }
  }

  /// The system's own words for `error` (errno), without Foundation's wrapping.
  static func describe(_ error: any Error) -> String {
    let outer = error as NSError
    if let inner = outer.userInfo[NSUnderlyingErrorKey] as? NSError, inner.domain == NSPOSIXErrorDomain {
      return String(cString: strerror(Int32(inner.code)))
    }
    switch CocoaError.Code(rawValue: outer.code) {
    case .fileReadNoSuchFile, .fileNoSuchFile: return "no such file or folder"
    case .fileReadNoPermission, .fileWriteNoPermission: return "permission denied"
    case .fileWriteOutOfSpace: return "no space left on the device"
    case .fileWriteVolumeReadOnly: return "the file system is read-only"
    default: return outer.localizedDescription
    }
  }
}
