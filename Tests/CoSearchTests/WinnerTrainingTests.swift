import CoSearch
import Foundation
import Foundations
import SearchSpaces
import Testing
import Training

@Suite struct WinnerTrainingTests {
  private let files: TinyExperiment

  init() throws { files = try TinyExperiment() }

  /// Random images, the brighter the higher their class, so that a network can learn something.
  private func images(_ count: Int, seed: UInt64) throws -> ImageDataset {
    var generator = SeededGenerator(seed: seed)
    let labels = (0..<count).map { UInt8($0 % 10) }
    let pixels = labels.flatMap { label in
      (0..<784).map { _ in UInt8(label) * 20 + .random(in: 0...20, using: &generator) }
    }
    return try ImageDataset(
      name: "bright", channels: 1, height: 28, width: 28, classes: 10, images: pixels, labels: labels)
  }

  private func search(_ experiment: Experiment, _ journal: any SearchJournal) throws -> SearchResult {
    try SearchRun(
      experiment: experiment, evaluator: FakeEvaluation(experiment).evaluator, journal: journal
    ).run()
  }

  @Test func winnersAreTrainedOnceAndContinuedWithoutRepetition() throws {
    let experiment = try files.load(TinyExperiment.text(devices: "[small, large, huge]"))
    let journal = MemoryJournal()
    let result = try search(experiment, journal)
    let (train, test) = (try images(160, seed: 1), try images(40, seed: 2))
    let architectures = Set(result.summary.winners.values.map { result.trials[$0].candidate.architecture })

    // The first session is killed when it records its first result; the second is cancelled after one training.
    let run = files.folder.url.appending(path: "run")
    try FileManager.default.createDirectory(
      at: run.appending(path: "checkpoint"), withIntermediateDirectories: true)
    let failing = FailingJournal(journal, after: 0, moment: .beforeWriting)
    #expect(throws: SearchError.self) {
      try WinnerTraining(experiment: experiment, journal: failing, runFolder: run)
        .run(result, trainingSet: train, testSet: test)
    }
    var started = 0
    let count = { (event: SearchEvent) in if case .finalTrainingStarted = event { started += 1 } }
    let training = WinnerTraining(experiment: experiment, journal: journal, runFolder: run)
    _ = try training.run(
      result, trainingSet: train, testSet: test, isCancelled: { started == 1 }, report: count)
    #expect(started == 1)
    let results = try training.run(result, trainingSet: train, testSet: test, report: count)
    #expect(started == architectures.count)
    _ = try training.run(result, trainingSet: train, testSet: test, report: count)
    #expect(started == architectures.count, "nothing is left to do")

    #expect(Set(results.keys) == ["small", "large", "huge"])
    for (device, final) in results {
      let winner = try #require(result.summary.winners[device])
      let architecture = result.trials[winner].candidate.architecture
      #expect(final.architectureKey == architecture.key)
      #expect(final.testImages == 40 && final.trainImages == 160 && final.epochs == 1)
      // The stored weights are those that were tested.
      let path = try #require(final.weightsFile)
      let weights = try WeightsFile.read(run.appending(path: path))
      let graph = try experiment.space.trainingGraph(
        for: architecture, input: experiment.dataset.input)
      let trainer = try Trainer(graph: graph, configuration: experiment.final, weights: weights)
      #expect(try trainer.accuracy(on: test, normalization: final.normalization) == final.testAccuracy)
    }
  }

  @Test func aWinnerOfTwoDevicesIsTrainedOnce() throws {
    try files.folder.write(TinyExperiment.device("twin", memory: "1MiB"), to: "Devices/twin.yaml")
    let experiment = try files.load(TinyExperiment.text(devices: "[huge, twin]", trials: 10))
    let journal = MemoryJournal()
    let result = try search(experiment, journal)
    var devices: [[String]] = []
    let results = try WinnerTraining(experiment: experiment, journal: journal, runFolder: nil).run(
      result, trainingSet: images(64, seed: 1), testSet: images(20, seed: 2),
      report: { event in
        if case .finalTrainingStarted(_, let names) = event { devices.append(names) }
      })
    #expect(devices == [["huge", "twin"]])
    #expect(results["huge"] == results["twin"])
    #expect(journal.finalResults().count == 1)
  }

  @Test func missingWeightsAreTrainedAnew() throws {
    let experiment = try files.load(TinyExperiment.text(devices: "[huge]", trials: 5))
    let journal = MemoryJournal()
    let result = try search(experiment, journal)
    let run = files.folder.url.appending(path: "run")
    let weights = run.appending(path: "checkpoint")
    try FileManager.default.createDirectory(at: weights, withIntermediateDirectories: true)
    let training = WinnerTraining(experiment: experiment, journal: journal, runFolder: run)
    let (train, test) = (try images(64, seed: 1), try images(20, seed: 2))
    let first = try training.run(result, trainingSet: train, testSet: test)
    for file in try FileManager.default.contentsOfDirectory(at: weights, includingPropertiesForKeys: nil) {
      try FileManager.default.removeItem(at: file)
    }
    let second = try training.run(result, trainingSet: train, testSet: test)
    #expect(second["huge"]?.testAccuracy == first["huge"]?.testAccuracy)
    #expect(try FileManager.default.contentsOfDirectory(atPath: weights.path).count == 1)
  }
}
