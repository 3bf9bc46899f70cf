import ConfigurationFiles
import CoSearch
import Foundation
import SearchSpaces
import Testing
import Training

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

  @Test func everyKeyOfATrainingSurvivesTheResolvedFile() throws {
    let final = """
      {epochs: 2, optimizer: {name: adamW, beta2: 0.95}, schedule: {name: oneCycle, endDivisor: 50},
        gradientClipping: 0.5, averaging: {}, augmentation: {cutout: 4, mixup: 0.2}}
      """
    let experiment = try files.load(
      TinyExperiment.text().replacing("{epochs: 1, batchSize: 32}", with: final))
    #expect(experiment.final.optimizer == .adamW(.init(beta2: 0.95)))
    #expect(experiment.final.schedule == .oneCycle(.init(endDivisor: 50)))
    #expect(experiment.final.gradientClipping == 0.5 && experiment.final.averaging == .init(decay: 0.999))
    #expect(experiment.final.augmentation.cutout == 4 && experiment.final.augmentation.mixup == 0.2)
    #expect(experiment.accuracy.training.optimizer == .sgd && experiment.accuracy.training.averaging == nil)
    let text = experiment.resolvedYAML(spacePath: "tiny.yaml", devicePath: { "Devices/\($0).yaml" })
    #expect(try files.load(text) == experiment)
    #expect(try files.load().difference(from: experiment)?.contains("'final'") == true)
  }

  @Test func publishedDataSetsAreKnownWithoutTheirFiles() throws {
    for (name, classes, channels, side) in [
      ("mnist", 10, 1, 28), ("cifar-10", 10, 3, 32), ("cifar-100", 100, 3, 32),
    ] {
      let experiment = try files.load(
        TinyExperiment.text().replacing("fashion-mnist", with: "\(name), path: images"))
      #expect(experiment.dataset.name.rawValue == name)
      #expect(experiment.dataset.directory?.lastPathComponent == "images")
      let input = experiment.dataset.input
      #expect(input == InputSpecification(channels: channels, height: side, width: side, classes: classes))
      #expect(throws: DatasetError.self) { try experiment.dataset.load(.train) }
    }
  }

  /// One's own images are looked at once; the resolved file says what was found.
  @Test func onesOwnImagesAreDescribedInTheResolvedFile() throws {
    for (name, count) in [("cats", 120), ("1", 60)] {
      for index in 0..<count {
        try files.folder.write("P5 3 2 255\nabcdef", to: "own/train/\(name)/\(index).pgm")
      }
    }
    let text = TinyExperiment.text().replacing("fashion-mnist", with: "folder, directory: own")
    let experiment = try files.load(text)
    #expect(experiment.dataset.input == InputSpecification(channels: 1, height: 2, width: 3, classes: 2))
    #expect(experiment.dataset.classNames == ["1", "cats"] && experiment.dataset.trainImages == 180)
    #expect(try experiment.dataset.load(.train).count == 180)
    try FileManager.default.removeItem(at: files.folder.url.appending(path: "own/train/cats/7.pgm"))
    let resolved = experiment.resolvedYAML(spacePath: "tiny.yaml", devicePath: { "Devices/\($0).yaml" })
    let again = try files.load(resolved)
    #expect(again == experiment)
    #expect(throws: DatasetError.self) { try again.dataset.load(.train) }
    #expect(try files.load(text).difference(from: experiment)?.contains("their number") == true)
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
    ("{epochs: 1, batchSize: 32}", "{epochs: 1, optimizer: {name: adam}}", ":11:", "adamW"),
    ("{epochs: 1, batchSize: 32}", "{epochs: 1, optimizer: {name: sgd, beta1: 0.9}}", ":11:", "beta1"),
    ("{epochs: 1, batchSize: 32}", "{epochs: 1, schedule: {name: cosin}}", ":11:", "cosine"),
    (
      "{epochs: 1, batchSize: 32}", "{epochs: 1, schedule: {name: oneCycle, startDivisor: 0}}", ":11:",
      "startDivisor"
    ),
    ("{epochs: 1, batchSize: 32}", "{epochs: 1, gradientClipping: 0}", ":11:", "gradientClipping"),
    ("{epochs: 1, batchSize: 32}", "{epochs: 1, averaging: {decay: 1}}", ":11:", "decay"),
    ("{epochs: 1, batchSize: 32}", "{epochs: 1, augmentation: {mixup: -1}}", ":11:", "mixup"),
    ("{name: fashion-mnist}", "{name: fashion-mnist, contents: {}}", ":4:", "contents"),
    ("{name: fashion-mnist}", "{name: npy}", ":4:", "directory"),
    ("{name: fashion-mnist}", "{name: folder, path: nowhere}", ":4:", "nowhere/train"),
    ("{name: fashion-mnist}", "{name: npy, path: nowhere, directory: x}", ":4:", "mean the same"),
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
