import Foundation
import Foundations
import TestSupport

/// Runs `ScheduleBatch` over files and starts it again behind a file that ended it.
struct BatchRunner {
  /// The process ended while it worked on a file.
  struct Death {
    let index: Int
    let reason: String
  }

  private(set) var lines: [BatchLine] = []
  private(set) var deaths: [Death] = []

  /// Works on all files.
  ///
  /// - Parameters:
  ///   - scratch: a folder for the list of the files and for the output.
  ///   - patienceSeconds: the longest that one file may take.
  init(_ files: [URL], scratch: Scratch, patienceSeconds: Int = 20) throws {
    let list = try scratch.write(files.map(\.path).joined(separator: "\n"), to: "batch.txt")
    var next = 0
    while next < files.count {
      let output = scratch.url.appendingPathComponent("batch.out")
      let errors = scratch.url.appendingPathComponent("batch.err")
      for file in [output, errors] { try Data().write(to: file) }
      let process = Process()
      process.executableURL = Executable.url.deletingLastPathComponent().appendingPathComponent(
        "ScheduleBatch")
      process.arguments = [list, "\(next)", "\(patienceSeconds)"]
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = try FileHandle(forWritingTo: output)
      process.standardError = try FileHandle(forWritingTo: errors)
      try process.run()
      process.waitUntilExit()
      let found = try Data(contentsOf: output).split(separator: UInt8(ascii: "\n")).map {
        try JSONFile.decode(BatchLine.self, from: $0, source: "the output of ScheduleBatch")
      }
      lines += found
      next += found.count
      guard next < files.count else { break }
      let ending = process.terminationReason == .exit ? "exit code" : "signal"
      let said = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
      deaths.append(
        Death(index: next, reason: "\(ending) \(process.terminationStatus): \(said.suffix(2000))"))
      next += 1
    }
  }
}
