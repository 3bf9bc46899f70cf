import Foundation
import Foundations
import Kernels
import ScheduleTuning
import TestSupport
import Testing

/// `tandem tune`, and what `tandem measure` makes of it.
@Suite(.serialized) struct TuneTests {
  /// What is checked of the JSON that `tandem tune` prints.
  private struct Report: Decodable {
    struct Workload: Decodable {
      let name, workload, ending: String
      let threads, scheduleCount, trials, newTrials, failureCount: Int
      let kernel: String?
      let latencyMilliseconds, heuristicMilliseconds: Double?
    }
    struct Networks: Decodable {
      let count: Int
      let complete: Bool
    }
    let schemaVersion: Int
    let source: String
    let networks: Networks
    let untuned: Int
    let workloads: [Workload]
  }

  /// A model whose operators have windows of all kinds.
  private func model(_ scratch: Scratch) throws -> String {
    _ = try PythonEnvironment.run("execution_models.py", [scratch.url.path])
    return scratch.path("windows.onnx")
  }

  private func tune(_ source: String, _ scratch: Scratch, _ options: [String]) throws -> Report {
    let result = try Executable.run(
      ["tune", source, "--database", scratch.path("schedules.sqlite"), "--format", "json"] + options)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    let report = try JSONFile.decode(Report.self, from: Data(result.output.utf8), source: source)
    #expect(report.schemaVersion == 1 && report.source == source)
    return report
  }

  @Test func tuningAModelContinuesAndMeasureUsesIt() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let model = try model(scratch)
    let first = try tune(model, scratch, ["--trials", "4"])
    #expect(first.networks.count == 1 && first.networks.complete && first.untuned == 0)
    #expect(!first.workloads.isEmpty)
    for row in first.workloads {
      #expect(row.trials == row.newTrials && row.trials <= 4 && row.trials <= row.scheduleCount)
      #expect(row.failureCount == 0 && row.kernel != nil && row.latencyMilliseconds! > 0)
    }
    let second = try tune(model, scratch, ["--trials", "4"])
    #expect(second.workloads.allSatisfy { $0.newTrials == 0 })
    #expect(second.workloads.map(\.kernel) == first.workloads.map(\.kernel))
    let more = try tune(model, scratch, ["--trials", "8"])
    for (row, earlier) in zip(more.workloads, first.workloads) {
      #expect(row.workload == earlier.workload && row.newTrials == row.trials - earlier.trials)
    }
    // Another number of threads is another target.
    let parallel = try tune(model, scratch, ["--trials", "2", "--threads", "2"])
    #expect(parallel.workloads.allSatisfy { $0.newTrials > 0 && $0.threads == 2 })

    let measured = try Executable.run([
      "measure", model, "--repeat", "2", "--database", scratch.path("schedules.sqlite"), "--format", "json",
    ])
    #expect(measured.status == 0, "\(measured.errors)")
    let kernels = Set(more.workloads.compactMap(\.kernel))
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(measured.output.utf8)) as? [String: Any])
    let operators = try #require(object["operators"] as? [[String: Any]])
    let used = Set(operators.compactMap { $0["kernel"] as? String })
    #expect(kernels.isSubset(of: used), "\(kernels) are not \(used)")

    let limited = try Executable.run([
      "measure", model, "--repeat", "2", "--database", scratch.path("other.sqlite"), "--time-limit", "2s",
    ])
    #expect(limited.status == 0 && limited.errors.isEmpty, "\(limited.errors)")
  }

  @Test func aSpaceIsTunedForTheThreadsOfItsDevices() throws {
    let small = try SmallExperiment(devices: "[mcu-128k, mcu-256k]")
    defer { small.scratch.remove() }
    let space = try String(
      contentsOfFile: Executable.packageRoot.path + "/SearchSpaces/nasbench201.yaml", encoding: .utf8
    )
    .replacing("channels: [4, 8, 12, 16, 24]", with: "channels: [4, 8]")
    .replacing(
      "operations: [none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3]",
      with: "operations: [none, nor_conv_3x3]")
    let file = try small.scratch.write(space, to: "tiny.yaml")
    let text = try small.text("small.yaml")
    let experiment = try small.scratch.write(
      text.replacing(#/space: .*/#, with: "space: \(file)"), to: "tiny-experiment.yaml")
    let report = try tune(experiment, small.scratch, ["--trials", "2", "--quiet"])
    #expect(report.networks.complete && report.networks.count > 100 && report.untuned == 0)
    #expect(report.workloads.count > 6 && report.workloads.allSatisfy { $0.threads == 1 })
    #expect(Set(report.workloads.map(\.workload)).count == report.workloads.count)

    let hurried = try tune(
      experiment, small.scratch, ["--trials", "500", "--time-limit", "1ms", "--quiet"])
    #expect(hurried.untuned > 0)
    let unknown = try Executable.run(["tune", experiment, "--device", "mcu-1m"])
    #expect(unknown.status == 2 && unknown.errors.contains("mcu-128k, mcu-256k"), "\(unknown.errors)")
  }

  @Test func interruptedTuningContinues() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let model = try model(scratch)
    let errors = scratch.path("errors.txt")
    try Data().write(to: URL(fileURLWithPath: errors))
    let database = scratch.path("schedules.sqlite")
    let process = try Executable.start(
      ["tune", model, "--database", database, "--threads", "2"], output: FileHandle.nullDevice,
      errors: FileHandle(forWritingTo: URL(fileURLWithPath: errors)))
    while process.isRunning, !FileManager.default.fileExists(atPath: database + "-wal") {
      Thread.sleep(forTimeInterval: 0.002)
    }
    // The handlers are installed right after the database was opened.
    Thread.sleep(forTimeInterval: 0.05)
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    // A machine may be done before the signal comes.
    #expect([0, 130].contains(process.terminationStatus))
    if process.terminationStatus == 130 {
      #expect(try String(contentsOfFile: errors, encoding: .utf8).contains("the same command continues"))
    }
    let finished = try tune(model, scratch, ["--threads", "2"])
    #expect(finished.workloads.allSatisfy { $0.kernel != nil })
    #expect(try tune(model, scratch, ["--threads", "2"]).workloads.allSatisfy { $0.newTrials == 0 })
  }

  @Test func schedulesFromAFileAreUsedAndMistakesNameTheOperator() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let model = try model(scratch)
    // The kernels of a run with a uniform row tile, written as a table.
    let base = ["measure", model, "--repeat", "2", "--format", "json"]
    let measured = try Executable.run(base + ["--row-tile", "2"])
    #expect(measured.status == 0, "\(measured.errors)")
    let table = scratch.path("schedule.json")
    try JSONFile.encode(try KernelTables.table(of: model, rowTile: 2)).write(to: URL(fileURLWithPath: table))
    let scheduled = try Executable.run(base + ["--schedule", table])
    #expect(scheduled.status == 0, "\(scheduled.errors)")
    #expect(try kernels(scheduled) == kernels(measured))

    let text = try String(contentsOfFile: table, encoding: .utf8)
    let name = try #require(text.firstMatch(of: #/"name" : "([^"]*)"/#)).1
    for (old, new, expected) in [
      ("\"name\" : \"\(name)\"", "\"name\" : \"nobody\"", "'\(name)'"),
      ("\"rowTile\" : 2", "\"rowTile\" : 0", "cannot be computed"),
      ("\"schemaVersion\" : 1", "\"schemaVersion\" : 7", "version 7"), ("{", "[", "not valid JSON"),
    ] {
      let wrong = try scratch.write(text.replacing(old, with: new, maxReplacements: 1), to: "wrong.json")
      let result = try Executable.run(base + ["--schedule", wrong])
      #expect(result.status == 2 && result.output.isEmpty, "\(new): \(result)")
      #expect(result.errors.contains(expected) && result.errors.contains("wrong.json"), "\(result.errors)")
    }
  }

  private func kernels(_ result: Executable.Result) throws -> [String: String] {
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    let operators = try #require(object["operators"] as? [[String: Any]])
    return Dictionary(
      uniqueKeysWithValues: operators.compactMap { row in
        (row["name"] as? String).flatMap { name in (row["kernel"] as? String).map { (name, $0) } }
      })
  }
}
