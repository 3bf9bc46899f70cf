import CoSearch
import ExperimentStore
import Foundation

/// The stock experiment made small: the same files, a few trials, short trainings.
struct SmallExperiment {
  let scratch: Scratch
  let file: String
  var database: String { scratch.path("schedules.sqlite") }

  /// Writes the experiment into a scratch folder.
  ///
  /// - Parameters:
  ///   - devices: names or paths, as YAML.
  ///   - trainImages: images of a short training.
  ///   - rowTiles: the row tiles of the stock space, as YAML; nil for all of them.
  init(
    trials: Int = 14, devices: String = "[mcu-128k, mcu-256k]", trainImages: Int = 640, dataset: String = "",
    extra: String = "", rowTiles: String? = nil
  ) throws {
    scratch = try Scratch()
    let root = Executable.packageRoot.path
    let named = devices.replacing("mcu-", with: "\(root)/Experiments/Devices/mcu-")
      .replacing("28k", with: "28k.yaml").replacing("56k", with: "56k.yaml")
    var space = "\(root)/SearchSpaces/nasbench201.yaml"
    if let rowTiles {
      let text = try String(contentsOfFile: space, encoding: .utf8)
      space = try scratch.write(
        text.replacing(#/rowTile: \[.*\]/#, with: "rowTile: \(rowTiles)"), to: "space.yaml")
    }
    file = try scratch.write(
      """
      schemaVersion: 1
      name: small
      space: \(space)
      dataset:
        name: fashion-mnist
      \(dataset)
      devices: \(named)
      objectives: [accuracy, latency, peakMemory]
      strategy: {name: regularizedEvolution, population: 6, tournament: 3}
      budget: {trials: \(trials)}
      seed: 3
      threads: 2
      accuracy:
        estimator: shortTraining
        trainImages: \(trainImages)
        validationImages: 200
        epochs: 1
        batchSize: 64
      final: {epochs: 0.05, batchSize: 64}
      \(extra)
      """, to: "small.yaml")
  }

  /// `tandem search` with this experiment.
  func search(_ output: String, _ options: [String] = [], database: String? = nil) throws -> Executable.Result
  {
    try Executable.run(arguments(output, options, database: database))
  }

  func arguments(_ output: String, _ options: [String] = [], database: String? = nil) -> [String] {
    ["search", file, "--output", scratch.path(output), "--database", database ?? self.database, "--quiet"]
      + options
  }

  /// The trials that a run holds, wall-clock times left out.
  func trials(_ output: String) throws -> [Trial] {
    try RunDirectory(at: URL(fileURLWithPath: scratch.path(output))).openStoreForReading().trials().map(
      \.withoutWallClock)
  }

  /// A text file of a run.
  func text(_ path: String) throws -> String {
    try String(contentsOfFile: scratch.path(path), encoding: .utf8)
  }
}
