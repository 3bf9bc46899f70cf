import CoSearch
import ExperimentStore
import Foundation
import Foundations
import Testing

/// `tandem search --table`: strategies studied without training.
@Suite(.serialized) struct TableSearchTests {
  private static let operations = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]

  /// An experiment on the published cell at small widths, for a device that is measured hastily, and a table of all
  /// cells that prefers convolutions.
  private func experiment(_ scratch: Scratch) throws -> (
    file: String, table: String, values: [String: Double]
  ) {
    let space = try String(
      contentsOfFile: Executable.packageRoot.path + "/SearchSpaces/nasbench201.yaml", encoding: .utf8)
    _ = try scratch.write(
      space.replacing(#/rowTile: \[.*\]/#, with: "rowTile: [whole]")
        .replacing("channels: [4, 8, 12, 16, 24]", with: "channels: [4, 8]"), to: "space.yaml")
    _ = try scratch.write(
      """
      schemaVersion: 1
      name: board
      memoryBytes: 512KiB
      measurement: {warmup: 0, repeats: 2, minimumSampleMilliseconds: 0.01}
      """, to: "board.yaml")
    let worth = ["none": 0.0, "skip_connect": 2, "nor_conv_1x1": 5, "nor_conv_3x3": 8, "avg_pool_3x3": 1]
    var values: [String: Double] = [:]
    for number in 0..<15_625 {
      var rest = number
      let chosen = (0..<6).map { _ in
        defer { rest /= 5 }
        return Self.operations[rest % 5]
      }
      let text =
        "|\(chosen[0])~0|+|\(chosen[1])~0|\(chosen[2])~1|+|\(chosen[3])~0|\(chosen[4])~1|\(chosen[5])~2|"
      values[text] = 40 + zip(chosen, [1.0, 0.8, 1.2, 1.1, 0.9, 1]).reduce(0) { $0 + worth[$1.0]! * $1.1 }
    }
    let lines = values.sorted { $0.key < $1.key }.map { "\($0.key),\($0.value),1" }
    let table = try scratch.write((["arch,toy,rest"] + lines).joined(separator: "\n"), to: "toy.csv")
    let file = try scratch.write(
      """
      schemaVersion: 1
      name: study
      space: space.yaml
      dataset: {name: fashion-mnist, directory: nowhere}
      devices: [./board.yaml]
      strategy: {name: regularizedEvolution, population: 20, tournament: 5}
      budget: {trials: 200}
      seed: 4
      threads: 2
      accuracy: {estimator: shortTraining, trainImages: 1000, validationImages: 200, epochs: 1}
      final: {epochs: 1}
      """, to: "study.yaml")
    return (file, table, values)
  }

  private func arguments(_ scratch: Scratch, _ file: String, _ output: String, _ more: [String]) -> [String] {
    ["search", file, "--output", scratch.path(output), "--database", scratch.path("db.sqlite"), "--quiet"]
      + more
  }

  @Test func twoHundredTrialsTakeSecondsAndAreRepeatable() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let (file, table, values) = try experiment(scratch)
    let options = ["--table", table, "--table-column", "toy"]
    let start = ContinuousClock.now
    // The images of the experiment do not exist: nothing reads them.
    let first = try Executable.run(arguments(scratch, file, "first", options))
    let seconds = start.duration(to: .now) / .seconds(1)
    #expect(first.status == 0, "\(first.errors)")
    #expect(seconds < 60, "\(seconds) s")
    for text in ["Winners are not trained", "widths and depths", "no bundle"] {
      #expect(first.output.contains(text), "\(first.output)")
      if text != "no bundle" {
        #expect(
          try String(contentsOfFile: scratch.path("first/report.html"), encoding: .utf8).contains(text))
      }
    }
    #expect(!FileManager.default.fileExists(atPath: scratch.path("first/best")))
    func trials(_ run: String) throws -> [Trial] {
      try RunDirectory(at: URL(fileURLWithPath: scratch.path(run))).openStoreForReading().trials().map(
        \.withoutWallClock)
    }
    let found = try trials("first")
    #expect(found.count == 200)
    for trial in found {
      guard let estimate = trial.measurement?.validation else { continue }
      let choices = trial.candidate.architecture.choices
      let op = { (edge: String) in choices["cell.edge\(edge)"]! }
      let text =
        "|\(op("0-1"))~0|+|\(op("0-2"))~0|\(op("1-2"))~1|+|\(op("0-3"))~0|\(op("1-3"))~1|\(op("2-3"))~2|"
      #expect(abs(estimate.accuracy! - values[text]! / 100) < 1e-12)
      #expect(estimate.estimator == "table" && estimate.split == "toy")
    }
    // Evolution gets further than its random beginning.
    func mean(_ trials: ArraySlice<Trial>) -> Double {
      let values = trials.compactMap { $0.measurement?.validation.accuracy }
      return values.reduce(0, +) / Double(values.count)
    }
    #expect(mean(found.suffix(50)) > mean(found.prefix(20)) + 0.05)

    // Interrupted after 120 trials and continued: the same.
    let part = try Executable.run(arguments(scratch, file, "second", options + ["--trials", "120"]))
    #expect(part.status == 0, "\(part.errors)")
    let rest = try Executable.run(arguments(scratch, file, "second", options + ["--resume"]))
    #expect(rest.status == 0, "\(rest.errors)")
    #expect(try trials("second") == found)
    let other = try Executable.run(arguments(scratch, file, "second", ["--resume", "--table", table]))
    #expect(other.status == 2, "\(other.errors)")
  }

  @Test func badTablesAreNamed() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let (file, _, _) = try experiment(scratch)
    let cases: [(String, String)] = [
      ("arch,c10_valid\n|a~0|,high\n", "bad.csv:2: 'high'"),
      ("arch,toy\n|a~0|,1\n", "bad.csv:1: there is no column"),
      ("arch,c10_valid\n|a~0|,50\n", "none of 1000 architectures of the space"), ("", "the table is empty"),
    ]
    for (text, message) in cases {
      let bad = try scratch.write(text, to: "bad.csv")
      let result = try Executable.run(arguments(scratch, file, "bad", ["--table", bad]))
      #expect(result.status == 2 && result.errors.contains(message), "\(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
      #expect(!FileManager.default.fileExists(atPath: scratch.path("bad")), "a folder was left")
    }
    let missing = try Executable.run(arguments(scratch, file, "bad", ["--table", scratch.path("none.csv")]))
    #expect(missing.status == 2 && missing.errors.contains("none.csv: no such file"), "\(missing.errors)")
    let alone = try Executable.run(arguments(scratch, file, "bad", ["--table-column", "toy"]))
    #expect(alone.status == 2 && alone.errors.contains("--table"), "\(alone.errors)")
  }
}
