import Foundation

/// The Python side of the tests: onnx, ONNX Runtime and NumPy in `.venv` at the package root.
///
/// `make test` creates it through Scripts/python-environment.sh. A test that needs it fails without it: an oracle
/// that is silently left out is none.
public enum PythonEnvironment {
  /// The package's root, from this file's place in it.
  public static let packageRoot = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The interpreter, whether it exists or not.
  public static let interpreter = packageRoot.appendingPathComponent(".venv/bin/python3")

  /// Scripts of the whole test suite.
  public static let scripts = packageRoot.appendingPathComponent("Tests/Python")

  /// Runs a script to its end and returns what it printed.
  ///
  /// - Parameter script: its name in Tests/Python.
  /// - Throws: ``PythonFailure`` if the environment is missing or the script fails.
  public static func run(_ script: String, _ arguments: [String]) throws -> Data {
    guard FileManager.default.isExecutableFile(atPath: interpreter.path) else {
      throw PythonFailure(
        description: "\(interpreter.path) is missing: run Scripts/python-environment.sh (`make test` does)")
    }
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    // Output goes through files, so that no pipe can fill.
    let files = ["output", "errors"].map { folder.appendingPathComponent($0) }
    for file in files { try Data().write(to: file) }
    let process = Process()
    process.executableURL = interpreter
    process.arguments = ["-B", scripts.appendingPathComponent(script).path] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONPATH": scripts.path]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    try process.run()
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      let errors = String(decoding: try Data(contentsOf: files[1]), as: UTF8.self)
      throw PythonFailure(description: "\(script) ended with \(process.terminationStatus): \(errors)")
    }
    return try Data(contentsOf: files[0])
  }

  /// A new folder for one test, to be removed by it.
  public static func temporaryFolder() throws -> URL {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "tandem-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }
}

/// A script that could not be run, or failed.
public struct PythonFailure: Error, CustomStringConvertible {
  /// What happened, and what to do about it.
  public let description: String
}
