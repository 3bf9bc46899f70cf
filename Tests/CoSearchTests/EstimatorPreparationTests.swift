import AccuracyEstimation
import ConfigurationFiles
import CoSearch
import Foundation
import Foundations
import SearchSpaces
import Testing
import Training

@Suite struct EstimatorPreparationTests {
  private let files: TinyExperiment

  init() throws { files = try TinyExperiment() }

  private static let training = "trainImages: 288, validationImages: 64, epochs: 0.5, batchSize: 32"

  private func experiment(_ accuracy: String, trials: Int = 40) throws -> Experiment {
    let section = "accuracy: {estimator: shortTraining, trainImages: 100, validationImages: 50, epochs: 1}"
    let text = TinyExperiment.text(trials: trials).replacing(section, with: "accuracy: {\(accuracy)}")
    #expect(text.contains(accuracy))
    return try files.load(text)
  }

  /// Accuracies of all 64 cells of the tiny space: `conv` and `pool` are worth something, edge by edge.
  private func table(bonus: Double = 0) throws -> URL {
    let operations = ["none", "skip", "conv", "pool"]
    let worth = [0.0, 4, 10, 6]
    var lines = ["arch,accuracy"]
    for a in 0..<4 {
      for b in 0..<4 {
        for c in 0..<4 {
          let value = 40 + worth[a] + 1.5 * worth[b] + 2 * worth[c] + bonus * Double(a)
          lines.append("|\(operations[a])~0|+|\(operations[b])~0|\(operations[c])~1|,\(value)")
        }
      }
    }
    return try files.folder.write(lines.joined(separator: "\n"), to: "table.csv")
  }

  /// Bars at a height that depends on the class, in noise.
  private func images(_ count: Int = 400) throws -> ImageDataset {
    var pixels: [UInt8] = []
    for image in 0..<count {
      for row in 0..<28 {
        for column in 0..<28 {
          let noise = UInt8((image &* 7919 &+ row &* 104_729 &+ column &* 1_299_709) % 90)
          pixels.append(row / 3 == image % 10 ? noise + 120 : noise)
        }
      }
    }
    return try ImageDataset(
      name: "bars", channels: 1, height: 28, width: 28, classes: 10, images: pixels,
      labels: (0..<count).map { UInt8($0 % 10) })
  }

  private func subjects(_ experiment: Experiment, _ count: Int) throws -> [EstimationSubject] {
    var generator = SeededGenerator(seed: 99)
    var result: [EstimationSubject] = []
    while result.count < count {
      let architecture = experiment.space.sample(using: &generator).architecture
      guard
        let graph = try? experiment.space.trainingGraph(for: architecture, input: experiment.dataset.input)
      else { continue }
      result.append(EstimationSubject(architecture: architecture, training: graph))
    }
    return result
  }

  /// Where no device holds any network, in its memory or in its flash, nothing is trained, and the search itself says what
  /// is wrong.
  @Test(arguments: ["impossible", "flashless"])
  func aSupernetWithoutNetworksIsUnavailable(device: String) throws {
    let accuracy = "estimator: supernet, \(Self.training), recalibrationImages: 64"
    let hopeless = try files.load(
      TinyExperiment.text(devices: "[\(device)]").replacing(
        "accuracy: {estimator: shortTraining, trainImages: 100, validationImages: 50, epochs: 1}",
        with: "accuracy: {\(accuracy)}"))
    let estimator = try prepareEstimator(for: hopeless, trainingSet: images())
    #expect(estimator.name == "supernet")
    #expect(throws: EstimationError.self) {
      try estimator.estimate(subjects(hopeless, 1)[0], seed: 1)
    }
    let usual = try prepareEstimator(for: experiment(accuracy), trainingSet: images())
    #expect(usual is SupernetEstimator)
  }

  @Test(arguments: [
    "estimator: shortTraining, \(training), generalizationGapWeight: 0.5",
    "estimator: table, table: table.csv, column: accuracy, architectureColumn: arch",
    "estimator: zeroCost, proxy: synflow", "estimator: zeroCost, proxy: naswot, proxyImages: 64",
    "estimator: successiveHalving, eta: 2, rungs: 2, calibrationSamples: 4, \(training)",
    "estimator: predictor, base: shortTraining, samples: 8, model: mlp, members: 3, \(training)",
    "estimator: predictor, base: table, table: table.csv, column: accuracy",
  ])
  func theResolvedFileIsTheSameExperiment(accuracy: String) throws {
    let experiment = try experiment(accuracy)
    let text = experiment.resolvedYAML(spacePath: "tiny.yaml", devicePath: { "Devices/\($0).yaml" })
    let again = try files.load(text)
    #expect(again.accuracy == experiment.accuracy)
    #expect(again.difference(from: experiment) == nil)
    var other = experiment
    other.accuracy.estimator = experiment.accuracy.estimator == .table ? .predictor : .table
    #expect(other.difference(from: experiment)?.contains("accuracy") == true)
  }

  @Test(arguments: [
    ("estimator: table, column: a", "table"), ("estimator: table, table: t.csv", "column"),
    ("estimator: table, table: t.csv, column: a, epochs: 1", "epochs"),
    ("estimator: zeroCost, proxy: synflo", "did you mean 'synflow'"),
    ("estimator: zeroCost, proxy: naswot, proxyImages: 48", "multiple of 32"),
    ("estimator: successiveHalving, rungs: 8, \(training)", "less than a batch"),
    ("estimator: successiveHalving, eta: 1, \(training)", "eta"),
    ("estimator: successiveHalving, generalizationGapWeight: 1, \(training)", "generalizationGapWeight"),
    ("estimator: predictor, base: zeroCost, proxy: synflow", "base"),
    ("estimator: predictor, base: table, table: t.csv, column: a, samples: 7", "samples"),
    ("estimator: shortTraining, \(training), generalizationGapWeight: -1", "generalizationGapWeight"),
  ])
  func mistakesAreNamedWithTheirLine(accuracy: String, hint: String) throws {
    #expect {
      _ = try experiment(accuracy)
    } throws: { error in
      error is ConfigurationError && "\(error)".contains(":10:") && "\(error)".contains(hint)
    }
  }

  @Test func aTableIsSearchedWithoutImages() throws {
    _ = try table()
    let experiment = try experiment("estimator: table, table: table.csv, column: accuracy")
    #expect(experiment.accuracy.usesTable)
    let estimator = try prepareEstimator(for: experiment, trainingSet: nil)
    func search() throws -> [Trial] {
      let evaluator = CandidateEvaluator(
        experiment: experiment, latency: FakeLatency(counter: Counter(), operatorCounter: Counter()),
        accuracy: estimator)
      return try SearchRun(experiment: experiment, evaluator: evaluator, journal: MemoryJournal()).run()
        .trials
        .map(\.withoutWallClock)
    }
    let trials = try search()
    #expect(trials.count == 40 && trials.contains { $0.measurement != nil })
    #expect(try search() == trials)
    for trial in trials {
      guard let estimate = trial.measurement?.validation else { continue }
      #expect(estimate.estimator == "table" && estimate.split == "accuracy")
    }
  }

  @Test func tablesThatDoNotFitAreNamed() throws {
    try files.folder.write("arch,accuracy\n|conv_5x5~0|,50\n", to: "table.csv")
    let table = "estimator: table, table: table.csv, column: "
    for (column, hint) in [
      ("accuracy", "of the space 'tiny'"), ("acuracy", "table.csv:1: there is no column"),
    ] {
      let error = #expect(throws: SearchError.self) {
        _ = try prepareEstimator(for: experiment(table + column), trainingSet: nil)
      }
      #expect(error?.description.contains(hint) == true, "\(error?.description ?? "")")
    }
  }

  @Test func aProxyRanksASearchAndIsNoAccuracy() throws {
    let experiment = try experiment("estimator: zeroCost, proxy: synflow")
    let evaluator = CandidateEvaluator(
      experiment: experiment, latency: FakeLatency(counter: Counter(), operatorCounter: Counter()),
      accuracy: try prepareEstimator(for: experiment, trainingSet: images()))
    let result = try SearchRun(experiment: experiment, evaluator: evaluator, journal: MemoryJournal()).run()
    let measured = result.trials.compactMap { trial in trial.measurement.map { (trial, $0) } }
    #expect(!measured.isEmpty)
    for (_, measurement) in measured {
      #expect(measurement.validation.accuracy == nil && measurement.validation.estimator == "synflow")
    }
    for device in experiment.devices {
      let best = measured.filter { $0.0.isFeasible(on: device.name) }.compactMap(\.1.validation.score).max()
      let winner = try #require(result.summary.winners[device.name])
      #expect(result.trials[winner].measurement?.validation.score == best)
    }
  }

  @Test func aPredictorIsPreparedOnce() throws {
    let file = try table()
    let experiment = try experiment(
      "estimator: predictor, base: table, table: table.csv, column: accuracy, samples: 40, members: 3")
    let folder = files.folder.url.appending(path: "checkpoint")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var progress: [PreparationProgress] = []
    let first = try prepareEstimator(for: experiment, trainingSet: nil, checkpointFolder: folder) {
      progress.append($0)
    }
    #expect(progress.map(\.done) == Array(1...40) + [40] && progress.allSatisfy { $0.total == 40 })
    #expect(progress.last?.note?.contains("cross-validated Kendall tau") == true)
    let subjects = try subjects(experiment, 60)
    let accuracies = try subjects.map { try first.estimate($0, seed: 1).accuracy! }
    let truth = try AccuracyTable.read(file, column: "accuracy")
    let tau = RankCorrelation.kendall(
      accuracies, subjects.map { truth.accuracies[experiment.space.label($0.architecture)]! })
    #expect(tau > 0.7, "tau \(tau)")
    let estimate = try first.estimate(subjects[0], seed: 1)
    #expect(estimate.estimator == "predictor:table" && estimate.standardDeviation! >= 0)

    // With another table, only what was stored can give the same predictions.
    _ = try table(bonus: 5)
    let continued = try prepareEstimator(for: experiment, trainingSet: nil, checkpointFolder: folder)
    #expect(try subjects.map { try continued.estimate($0, seed: 1).accuracy! } == accuracies)
    let anew = try prepareEstimator(for: experiment, trainingSet: nil)
    #expect(try subjects.map { try anew.estimate($0, seed: 1).accuracy! } != accuracies)
    let stored = try JSONFile.decode(
      AccuracyPredictor.self, from: Data(contentsOf: folder.appending(path: "predictor.json")), source: "p")
    #expect(stored == (continued as? PredictorEstimator)?.predictor)

    try Data("{".utf8).write(to: folder.appending(path: "predictor-samples.json"))
    let error = #expect(throws: SearchError.self) {
      try prepareEstimator(for: experiment, trainingSet: nil, checkpointFolder: folder)
    }
    #expect(error?.description.contains("predictor-samples.json") == true)
  }

  @Test func thresholdsOfHalvingAreLearntOnce() throws {
    let experiment = try experiment(
      "estimator: successiveHalving, eta: 3, rungs: 2, calibrationSamples: 6, \(Self.training)")
    let folder = files.folder.url.appending(path: "checkpoint")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var steps = 0
    let images = try images()
    let prepared = try prepareEstimator(for: experiment, trainingSet: images, checkpointFolder: folder) { _ in
      steps += 1
    }
    let estimator = try #require(prepared as? HalvingEstimator)
    #expect(steps == 6 + 2 + 1)
    #expect(estimator.rungs.count == 2 && estimator.thresholds.count == 1)
    let rungs = estimator.rungs.compactMap { $0 as? ShortTrainingEstimator }
    #expect(rungs.map(\.trainImages.count) == [96, 288])
    #expect(rungs[0].validationImages == rungs[1].validationImages)
    // Nothing is trained again: what the cache holds is enough.
    let file = folder.appending(path: "halving-samples.json")
    let stored = try Data(contentsOf: file)
    let again = try prepareEstimator(for: experiment, trainingSet: images, checkpointFolder: folder)
    #expect((again as? HalvingEstimator)?.thresholds == estimator.thresholds)
    #expect(try Data(contentsOf: file) == stored)
    for subject in try subjects(experiment, 2) {
      let estimate = try estimator.estimate(subject, seed: 1)
      let isFirst = estimate.trainImages == 96
      #expect(isFirst == (estimate.merit < 1))
      if isFirst { #expect(estimate.accuracy! < estimator.thresholds[0]!) }
    }
  }
}
