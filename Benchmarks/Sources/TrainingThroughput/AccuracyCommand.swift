import ArgumentParser
import Foundation
import Training

/// `training-throughput accuracy`.
struct AccuracyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accuracy",
    abstract: "Trains the skeleton on all of Fashion-MNIST and tests it once per seed.")

  @Option(help: "The folder with the files of Fashion-MNIST; searched for unless given.") var data: String?
  @Option(help: "Stem channels.") var channels = 16
  @Option(help: "Passes over the training images.") var epochs = 2.0
  @Option(help: "Images of a step.") var batch = 128
  @Option(help: "The highest learning rate.") var rate = 0.2
  @Option(help: "Worker threads.") var threads = 2
  @Option(help: "Seeds, separated by commas.") var seeds = "1,2"

  func run() throws {
    let folder = try FashionMNIST.locate(explicit: data.map { URL(fileURLWithPath: $0) })
    let training = try FashionMNIST.load(from: folder, split: .train)
    let test = try FashionMNIST.load(from: folder, split: .test)
    let normalization = Normalization(of: training)
    let graph = try Cell.best.network(channels: channels)
    for text in seeds.split(separator: ",") {
      guard let seed = UInt64(text) else { throw ValidationError("--seeds: '\(text)' is no seed") }
      let trainer = try Trainer(
        graph: graph,
        configuration: TrainingConfiguration(
          epochs: epochs, batchSize: batch, learningRate: rate, threads: threads, seed: seed))
      var imagesPerSecond = 0.0
      _ = try trainer.train(on: training, normalization: normalization) {
        imagesPerSecond = $0.imagesPerSecond
      }
      let accuracy = try trainer.accuracy(on: test, normalization: normalization)
      print(
        "\(graph.name), \(epochs) epochs, seed \(seed): test accuracy \(accuracy), "
          + "\(Int(imagesPerSecond)) images/s")
    }
  }
}
