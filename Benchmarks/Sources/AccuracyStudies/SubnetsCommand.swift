import AccuracyEstimation
import ArgumentParser
import BenchmarkSupport
import CoSearch
import Foundation
import Foundations
import SearchSpaces
import Training

/// `accuracy-estimation subnets`.
struct SubnetsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "subnets", abstract: "How many networks of a supernet are judged in a second.")

  @Option(help: "Where to write subnets.csv.") var output = "Results/accuracy-estimation"
  @Option(help: "The experiment whose space and data set are used.")
  var experiment = "Experiments/fashion-mnist.yaml"
  @Option(help: "How many networks of each width, one cell a stage.") var networks = 200
  @Option(help: "Validation images of each network.") var validationImages = 1000
  @Option(help: "The seed of the sample.") var seed: UInt64 = 1

  func run() throws {
    let experiment = try Experiment.load(from: URL(fileURLWithPath: experiment))
    let images = try experiment.dataset.load(.train)
    var table = CSV([
      "channels", "recalibration_images", "validation_images", "threads", "subnets_per_second",
      "median_seconds",
    ])
    for recalibrationImages in [64, 1024] {
      var configuration = SupernetConfiguration(
        trainImages: 4096, validationImages: validationImages, recalibrationImages: recalibrationImages,
        training: experiment.accuracy.training)
      configuration.training.epochs = 1
      let estimator = try SupernetEstimator.prepare(
        space: experiment.space, input: experiment.dataset.input, trainingSet: images, splitSeed: seed,
        configuration: configuration, folder: nil)
      for width in experiment.space.widths {
        let subjects = try sample(experiment, width: width)
        let clock = ContinuousClock()
        let seconds = try subjects.map { subject in
          let start = clock.now
          _ = try estimator.estimate(subject, seed: seed)
          return (clock.now - start) / .seconds(1)
        }
        let rate = Double(seconds.count) / seconds.reduce(0, +)
        table.append([
          "\(width)", "\(recalibrationImages)", "\(validationImages)", "\(configuration.training.threads)",
          decimal(rate, 1), decimal(seconds.sorted()[seconds.count / 2], 4),
        ])
        Progress.note(
          "\(width) channels, recalibrated on \(recalibrationImages) images: \(decimal(rate, 1)) networks a second"
        )
      }
    }
    let folder = URL(fileURLWithPath: output)
    try AtomicFile.createFolder(folder)
    try table.write(to: folder.appending(path: "subnets.csv"))
  }

  /// Connected networks of a width.
  private func sample(_ experiment: Experiment, width: Int) throws -> [EstimationSubject] {
    var generator = SeededGenerator(seed: seed, stream: UInt64(width))
    var subjects: [EstimationSubject] = []
    while subjects.count < networks {
      let architecture = experiment.space.sampleArchitecture(
        width: width, depth: experiment.space.depths[0], using: &generator)
      do throws(SearchSpaceError) {
        let graph = try experiment.space.trainingGraph(for: architecture, input: experiment.dataset.input)
        subjects.append(EstimationSubject(architecture: architecture, training: graph))
      } catch {
        guard case .disconnected = error else { throw error }
      }
    }
    return subjects
  }
}
