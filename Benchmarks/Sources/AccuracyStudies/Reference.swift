import AccuracyEstimation
import ArgumentParser
import BenchmarkSupport
import Foundation
import Foundations
import Training

/// The accuracies that estimators are compared with: each network trained alone, validated on images that it was not trained
/// on.
struct Reference {
  /// The training, whose seed is replaced by each of `seeds`.
  let training: TrainingConfiguration
  let trainImages: Int
  let validationImages: Int
  let seeds: [UInt64]
  /// By network: the accuracy under each seed.
  private(set) var accuracies: [[Double]] = []
  private(set) var seconds = 0.0
  /// The file that the accuracies were read from; nil where the networks were trained.
  private(set) var file: String?

  init(
    training: TrainingConfiguration, trainImages: Int, validationImages: Int, seeds: [UInt64]
  ) {
    self.training = training
    self.trainImages = trainImages
    self.validationImages = validationImages
    self.seeds = seeds
  }

  /// The mean over the seeds, by network.
  var means: [Double] { accuracies.map { $0.reduce(0, +) / Double($0.count) } }

  /// How well two trainings of the same networks agree: Kendall's τ between the first two seeds; nil with one seed.
  var agreement: Double? {
    (accuracies.first?.count ?? 0) < 2
      ? nil : RankCorrelation.kendall(accuracies.map { $0[0] }, accuracies.map { $0[1] })
  }

  /// Trains every network under every seed.
  mutating func train(_ networks: StudyNetworks, on set: ImageDataset, splitSeed: UInt64) throws {
    let parts = try set.stratifiedSplit(
      firstCount: trainImages, secondCount: validationImages, seed: splitSeed,
      names: ("training part", "validation part"))
    let normalization = Normalization(of: parts.first)
    let memory = TrainingMemory()
    let clock = ContinuousClock()
    let start = clock.now
    for (index, entry) in networks.entries.enumerated() {
      accuracies.append(
        try seeds.map { seed in
          let trainer = try Trainer(
            graph: entry.training, configuration: training, seed: seed, memory: memory)
          _ = try trainer.train(on: parts.first, normalization: normalization)
          return try trainer.accuracy(on: parts.second, normalization: normalization)
        })
      Progress.note("alone \(index + 1)/\(networks.entries.count): \(accuracies[index])")
    }
    seconds = (clock.now - start) / .seconds(1)
  }

  /// Takes the accuracies from the `networks.csv` of an earlier run; a mean of several seeds is taken for one accuracy.
  ///
  /// - Throws: `AccuracyTableError` if the file cannot be read, a validation error if it lacks a network.
  mutating func read(_ file: URL, of networks: StudyNetworks) throws {
    let table = try AccuracyTable.read(file, column: "alone", architectureColumn: "network")
    accuracies = try networks.entries.map { entry in
      guard let accuracy = table.accuracies[entry.cell] else {
        throw ValidationError("\(file.relativePath) has no network '\(entry.cell)'")
      }
      return [accuracy]
    }
    self.file = file.relativePath
  }
}

extension StudyNetworks.Entry {
  /// The label as a cell of a table.
  var cell: String { label.replacing(",", with: ";") }
}
