import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes files so that a reader sees the old content or the new, never a part.
public enum AtomicFile {
  /// Writes `data` to a temporary name beside `url`, flushes it to the disk and renames it.
  ///
  /// A process that is killed meanwhile may leave the temporary, see ``removeTemporaries(in:)``.
  ///
  /// - Throws: ``FileError/cannotWrite(path:reason:)``; the file that was there before is then untouched.
  public static func write(_ data: Data, to url: URL) throws(FileError) {
    let (target, mode) = try target(of: url)
    let name = ".tandem-\(getpid())-\(String(UInt64.random(in: 0...UInt64.max), radix: 36)).tmp"
    let temporary = target.deletingLastPathComponent().appendingPathComponent(name).path
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .cannotWrite(path: url.path, reason: FileError.describe(errno)) }
    var failure = fill(descriptor, with: data, mode: mode)
    if close(descriptor) != 0, failure == nil { failure = errno }
    if failure == nil, rename(temporary, target.path) != 0 { failure = errno }
    if let failure {
      unlink(temporary)
      throw .cannotWrite(path: url.path, reason: FileError.describe(failure))
    }
  }

  /// Finds out without writing anything whether ``write(_:to:)-(Data,_)`` could, as far as that can be known.
  ///
  /// - Throws: ``FileError/cannotWrite(path:reason:)``.
  public static func checkWritable(_ url: URL) throws(FileError) {
    let (target, _) = try target(of: url)
    // With "/.", what is no folder is named as such.
    if access(target.deletingLastPathComponent().path + "/.", W_OK | X_OK) != 0 {
      throw .cannotWrite(path: url.path, reason: FileError.describe(errno))
    }
  }

  /// The file behind `url` and the permissions that it has, if it is there.
  private static func target(of url: URL) throws(FileError) -> (file: URL, mode: mode_t?) {
    let target = url.resolvingSymlinksInPath()
    var old = stat()
    guard stat(target.path, &old) == 0 else { return (target, nil) }
    if old.st_mode & S_IFMT != S_IFREG {
      let isFolder = old.st_mode & S_IFMT == S_IFDIR
      throw .cannotWrite(path: url.path, reason: isFolder ? FileError.isFolder : "it is no regular file")
    }
    return (target, old.st_mode & 0o7777)
  }

  /// Writes `text` as UTF-8; see ``write(_:to:)-(Data,_)``.
  public static func write(_ text: String, to url: URL) throws(FileError) {
    try write(Data(text.utf8), to: url)
  }

  /// Whether a file name is one that ``write(_:to:)-(Data,_)`` gives to what it has not finished.
  public static func isTemporary(_ name: String) -> Bool {
    name.hasPrefix(".tandem-") && name.hasSuffix(".tmp")
  }

  /// Removes what writers that were killed left in a folder, as far as that is possible; a folder that does not
  /// exist has nothing to remove.
  ///
  /// - Precondition: nobody is writing into the folder, or that write fails.
  public static func removeTemporaries(in folder: URL) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where isTemporary(name) { unlink(folder.appendingPathComponent(name).path) }
  }

  /// Creates a folder and those above it.
  ///
  /// - Throws: ``FileError/cannotCreateFolder(path:reason:)``.
  public static func createFolder(_ url: URL) throws(FileError) {
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw .cannotCreateFolder(path: url.path, reason: FileError.reason(error, at: url, isFolder: true))
    }
  }

  /// Reads a whole file, or what comes through a pipe until its writers are gone.
  ///
  /// - Throws: ``FileError/cannotRead(path:reason:)``.
  public static func read(_ url: URL) throws(FileError) -> Data {
    var information = stat()
    if stat(url.path, &information) == 0, information.st_mode & S_IFMT == S_IFIFO {
      return try readPipe(url)
    }
    do {
      return try Data(contentsOf: url)
    } catch {
      throw .cannotRead(path: url.path, reason: FileError.reason(error, at: url, isFolder: false))
    }
  }

  /// Foundation refuses to read pipes.
  private static func readPipe(_ url: URL) throws(FileError) -> Data {
    func attempt(_ call: () -> Int) throws(FileError) -> Int {
      while true {
        let result = call()
        if result >= 0 { return result }
        if errno != EINTR { throw .cannotRead(path: url.path, reason: FileError.describe(errno)) }
      }
    }
    let descriptor = Int32(try attempt { Int(open(url.path, O_RDONLY | O_CLOEXEC)) })
    defer { close(descriptor) }
    var data = Data()
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try attempt { unistdRead(descriptor, &part, part.count) }
      if count == 0 { return data }
      data.append(contentsOf: part[..<count])
    }
  }

  /// Writes everything and waits until the disk has it; returns the system's error number if that failed.
  private static func fill(_ descriptor: Int32, with data: Data, mode: mode_t?) -> Int32? {
    if let mode, fchmod(descriptor, mode) != 0 { return errno }
    return data.withUnsafeBytes { bytes in
      var written = 0
      while written < bytes.count {
        let count = unistdWrite(descriptor, bytes.baseAddress! + written, bytes.count - written)
        if count < 0, errno == EINTR { continue }
        if count < 0 { return errno }
        written += count
      }
      return fsync(descriptor) == 0 ? nil : errno
    }
  }
}

/// The system's `read`, which ``AtomicFile`` has a name of its own for.
private func unistdRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}

/// The system's `write`, which ``AtomicFile`` has a name of its own for.
private func unistdWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
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

  static let isFolder = "it is a folder"

  /// Why `error` happened at `url`, where a folder or a file was wanted.
  ///
  /// Foundation reports the wrong one of the two differently from call to call, or not at all; so it is looked at.
  static func reason(_ error: any Error, at url: URL, isFolder wanted: Bool) -> String {
    var found: ObjCBool = false
    if FileManager.default.fileExists(atPath: url.path, isDirectory: &found), found.boolValue != wanted {
      return found.boolValue ? isFolder : "it is a file"
    }
    let above = url.deletingLastPathComponent()
    if above.path != url.path, let file = firstFile(above) { return "\(file.path) is a file, not a folder" }
    let outer = error as NSError
    if let inner = outer.userInfo[NSUnderlyingErrorKey] as? NSError, inner.domain == NSPOSIXErrorDomain {
      return describe(Int32(inner.code))
    }
    switch CocoaError.Code(rawValue: outer.code) {
    case .fileReadNoSuchFile, .fileNoSuchFile: return describe(ENOENT)
    case .fileReadNoPermission, .fileWriteNoPermission: return describe(EACCES)
    case .fileWriteOutOfSpace: return describe(ENOSPC)
    case .fileWriteVolumeReadOnly: return describe(EROFS)
    default: return outer.localizedDescription
    }
  }

  /// The system's error number in words.
  static func describe(_ code: Int32) -> String {
    switch code {
    case ENOENT: "no such file or folder"
    case EACCES: "permission denied"
    case ENOSPC: "no space left on the device"
    case EROFS: "the file system is read-only"
    case ENOTDIR: "a part of the path is a file, not a folder"
    case EISDIR: isFolder
    default: String(cString: strerror(code))
    }
  }

  /// The nearest existing part of a path, if it is a file.
  private static func firstFile(_ url: URL) -> URL? {
    var url = url
    while true {
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) {
        return isFolder.boolValue ? nil : url
      }
      let above = url.deletingLastPathComponent()
      if above.path == url.path || url.path == "." || url.path.isEmpty { return nil }
      url = above
    }
  }
}
