import ConfigurationFiles
import CoSearch
import Foundation
import Testing

@Suite struct ExperimentTests {
  private let files: TinyExperiment

  init() throws { files = try TinyExperiment() }

  @Test func theGoldenExampleReadsAndWritesBackIdentically() throws {
    let url = packageFolder.appending(path: "Sources/CoSearch/Formats/Experiment.golden.yaml")
    let experiment = try Experiment.load(from: url)
    let text = experiment.resolvedYAML(
      spacePath: "../../../SearchSpaces/nasbench201.yaml",
      devicePath: { "../../../Experiments/Devices/\($0).yaml" })
    #expect(try text == String(contentsOf: url, encoding: .utf8))
    #expect(experiment.trials == 64)
    #expect(experiment.devices.map(\.name) == ["mcu-128k", "mcu-256k"])
    #expect(experiment.strategy == .regularizedEvolution(population: 16, tournament: 4))
    #expect(experiment.accuracy.training.learningRate == 0.1)
    #expect(experiment.final.augmentation.cropPadding == 2)
  }

  @Test func theStockExperimentCanBeRead() throws {
    let experiment = try Experiment.load(
      from: packageFolder.appending(path: "Experiments/fashion-mnist.yaml"))
    #expect(experiment.devices.count >= 2)
    #expect(Set(experiment.devices.map(\.arenaLimitBytes)).count == experiment.devices.count)
    #expect(experiment.accuracy.trainImages + experiment.accuracy.validationImages <= 60_000)
  }

  @Test func theResolvedFileIsTheSameExperiment() throws {
    let experiment = try files.load()
    let text = experiment.resolvedYAML(spacePath: "tiny.yaml", devicePath: { "Devices/\($0).yaml" })
    let again = try files.load(text)
    #expect(again == experiment)
    #expect(again.difference(from: experiment) == nil)
  }

  @Test func defaultsAreStatedInTheResolvedFile() throws {
    let experiment = try files.load(TinyExperiment.text(strategy: "{name: regularizedEvolution}"))
    let text = experiment.resolvedYAML(spacePath: "tiny.yaml", devicePath: { "Devices/\($0).yaml" })
    for key in [
      "population: 16", "tournament: 4", "objectives: [accuracy, latency, peakMemory]", "momentum:",
    ] {
      #expect(text.contains(key))
    }
  }

  @Test(arguments: [
    ("budget: {trials: 40}", "budget: {trials: 0}", ":7:", "between 1 and"),
    ("budget: {trials: 40}", "budget: {trails: 40}", ":7:", "trials"),
    ("seed: 5", "seed: -1", ":8:", "at least 0"),
    ("[small, large]", "[small, lrge]", ":5:", "did you mean 'large'"),
    ("[small, large]", "[small, small]", ":5:", "twice"),
    ("[small, large]", "[]", ":5:", "devices"),
    ("[small, large]", "[missing/x.yaml]", ":5:", "x.yaml"),
    ("name: fashion-mnist", "name: fashion-minst", ":4:", "fashion-mnist"),
    ("name: regularizedEvolution", "name: evolution", ":6:", "regularizedEvolution"),
    ("population: 8", "populaton: 8", ":6:", "population"),
    ("trainImages: 100", "trainImages: 59990", ":10:", "60000"),
    ("{epochs: 1, batchSize: 32}", "{epochs: 1, batchSize: 33}", ":11:", "multiple of 32"),
    ("{epochs: 1, batchSize: 32}", "{epochs: 1, nesterov: true, momentum: 0}", ":11:", "momentum"),
    ("{epochs: 1, batchSize: 32}", "{epochs: nan}", ":11:", "epochs"),
    ("estimator: shortTraining", "estimator: oracle", ":10:", "shortTraining"),
    ("space: tiny.yaml", "space: nowhere.yaml", "nowhere.yaml", "no such file"),
    ("name: tiny", "name: ../tiny", ":2:", "name"),
    ("seed: 5", "seed: 5\nobjectives: [latency]", ":9:", "accuracy"),
    ("seed: 5", "seed: 5\nobjectives: [accuracy, accuracy]", ":9:", "twice"),
    ("seed: 5", "seed: 5\nworkers: 2", ":9:", "workers"),
    ("schemaVersion: 1", "schemaVersion: 2", ":1:", "must be 1"),
  ])
  func mistakesAreNamedWithTheirLine(
    original: String, mistake: String, place: String, hint: String
  ) throws {
    let text = TinyExperiment.text().replacing(original, with: mistake, maxReplacements: 1)
    #expect(text != TinyExperiment.text())
    #expect {
      _ = try files.load(text)
    } throws: { error in
      let message = "\(error)"
      return error is ConfigurationError && message.contains(place) && message.contains(hint)
    }
  }

  @Test func anUnknownSchedulerOfTheSpaceIsAMistake() throws {
    try files.folder.write(
      TinyExperiment.space.replacing("scheduler: [rpo]", with: "scheduler: [rop]"), to: "tiny.yaml")
    #expect {
      _ = try files.load()
    } throws: {
      "\($0)".contains("did you mean 'rpo'")
    }
  }

  @Test func onlyMoreTrialsOrDevicesMayDifferFromARun() throws {
    let stored = try files.load()
    var more = try files.load(TinyExperiment.text(devices: "[huge, large, small]", trials: 41))
    #expect(more.difference(from: stored) == nil)
    more.accuracy.training.threads = 7
    #expect(more.difference(from: stored) == nil)

    let changes: [(String, (inout Experiment) -> Void)] = [
      ("trials", { $0.trials = 39 }), ("seed", { $0.seed = 6 }), ("name", { $0.name = "other" }),
      ("small", { $0.devices.removeFirst() }), ("strategy", { $0.strategy = .random }),
      ("objectives", { $0.objectives = [.accuracy] }), ("'final'", { $0.final.epochs = 2 }),
      ("'accuracy'", { $0.accuracy.training.learningRate = 0.123 }),
      ("'accuracy'", { $0.accuracy.trainImages = 101 }),
    ]
    for (word, change) in changes {
      var changed = stored
      change(&changed)
      let difference = try #require(changed.difference(from: stored))
      #expect(difference.contains(word))
    }
  }

  @Test func changedFilesDifferFromARun() throws {
    let stored = try files.load()
    try files.folder.write(
      TinyExperiment.device("small", memory: "11KiB"), to: "Devices/small.yaml")
    #expect(try files.load().difference(from: stored)?.contains("small") == true)
    try files.folder.write(TinyExperiment.device("small", memory: "10KiB"), to: "Devices/small.yaml")
    try files.folder.write(
      TinyExperiment.space.replacing("[2, 4, 6]", with: "[2, 4, 8]"), to: "tiny.yaml")
    #expect(try files.load().difference(from: stored)?.contains("search space") == true)
  }
}
