import Foundation
import Foundations

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `log.jsonl`: what happened in a run and when, one JSON object per line, across all its sessions.
///
/// A line is appended by one system call, so that a process that is killed leaves whole lines.
public final class RunLog: Sendable {
  private struct Line: Encodable {
    let time: String
    let event: String
    let fields: [String: String]
  }

  private let url: URL
  private let file: FileHandle

  /// Opens the log of a run; creates it if there is none.
  ///
  /// - Throws: ``StoreError/system(path:reason:)``.
  public init(of run: RunDirectory) throws(StoreError) {
    url = run.logFile
    let descriptor = open(url.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw .system(path: url.path, reason: String(cString: strerror(errno)))
    }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// Appends an event with the present time.
  ///
  /// - Throws: ``StoreError/system(path:reason:)``, as when the disk is full.
  public func append(_ event: String, _ fields: [String: String] = [:], at date: Date = Date())
    throws(StoreError)
  {
    do {
      let line = Line(
        time: date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)),
        event: event, fields: fields)
      try file.write(contentsOf: Data((try JSONFile.encodeLine(line) + "\n").utf8))
    } catch {
      throw .system(path: url.path, reason: error.localizedDescription)
    }
  }
}
