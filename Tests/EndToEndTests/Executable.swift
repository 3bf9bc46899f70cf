import Foundation

/// The built `tandem`, run as a user runs it: a process of its own.
enum Executable {
  /// How a run ended.
  struct Result {
    let status: Int32
    let output: String
    let errors: String
  }

  /// The package's root, from this file's place in it.
  static let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The executable beside the test bundle, which the same build made.
  static let url: URL = {
    let tests = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let beside = tests.appendingPathComponent("tandem")
    return FileManager.default.isExecutableFile(atPath: beside.path)
      ? beside : packageRoot.appendingPathComponent(".build/release/tandem")
  }()

  /// Starts the executable.
  static func start(_ arguments: [String], environment: [String: String] = [:], output: Any?, errors: Any?)
    throws
    -> Process
  {
    let process = Process()
    process.executableURL = url
    process.arguments = arguments
    process.currentDirectoryURL = packageRoot
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    return process
  }

  /// Runs the executable to its end; output goes through files, so that no pipe can fill.
  static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Result {
    let folder = try Scratch()
    defer { folder.remove() }
    let files = ["out", "err"].map { folder.url.appendingPathComponent($0) }
    for file in files { try Data().write(to: file) }
    let process = try start(
      arguments, environment: environment, output: FileHandle(forWritingTo: files[0]),
      errors: FileHandle(forWritingTo: files[1]))
    process.waitUntilExit()
    let texts = try files.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
    return Result(
      status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
      output: texts[0], errors: texts[1])
  }
}

/// A folder for one test.
struct Scratch {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("tandem-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  /// The path of a file or folder inside.
  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  /// Writes a text file inside, with the folders above it, and returns its path.
  func write(_ text: String, to name: String) throws -> String {
    try FileManager.default.createDirectory(
      at: url.appendingPathComponent(name).deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    return path(name)
  }

  func remove() { try? FileManager.default.removeItem(at: url) }
}
