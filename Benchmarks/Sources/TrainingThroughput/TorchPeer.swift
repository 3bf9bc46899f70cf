import ArgumentParser
import Foundation

/// The PyTorch program of `Peers/train_throughput.py`, running beside this one and idle between requests.
final class TorchPeer {
  /// The peer's name and version.
  private(set) var version = ""
  private let process = Process()
  private let requests = Pipe()
  private let answers = Pipe()
  private var buffered = Data()

  /// Starts the program. - Throws: what `Process` throws; `ValidationError` if the program does not answer.
  init(python: String, script: String, threads: Int, batch: Int) throws {
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [script, "--threads", "\(threads)", "--batch", "\(batch)"]
    process.standardInput = requests
    process.standardOutput = answers
    try process.run()
    version = try line()
  }

  deinit {
    try? requests.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Images per second of so many steps.
  func run(_ task: String, channels: Int, cell: Cell, steps: Int) throws -> Double {
    requests.fileHandleForWriting.write(Data("\(task) \(channels) \(cell.text) \(steps)\n".utf8))
    let answer = try line()
    guard let rate = Double(answer) else { throw ValidationError("PyTorch answered '\(answer)'") }
    return rate
  }

  private func line() throws -> String {
    while true {
      if let end = buffered.firstIndex(of: 0x0A) {
        let text = String(decoding: buffered[buffered.startIndex..<end], as: UTF8.self)
        buffered = Data(buffered[(end + 1)...])
        return text
      }
      let more = answers.fileHandleForReading.availableData
      guard !more.isEmpty else { throw ValidationError("the PyTorch program ended") }
      buffered += more
    }
  }
}
