import AccuracyEstimation
import Foundation
import Foundations
import SearchSpaces
import Testing
import Training

/// A supernet on a task whose solution is known: the classes have the same pixels in other places, so that only networks
/// that look at neighbours can tell them apart.
@Suite struct SupernetEstimatorTests {
  private static let space = """
    schemaVersion: 1
    name: neighbours
    operations:
      skip: identity
      point: [relu, {conv: {kernel: 1}}, batchNorm]
      window: [relu, {conv: {kernel: 3}}, batchNorm]
    cells:
      cell: {topology: edges, nodes: 3, operations: [skip, point, window]}
    network:
      stem: {channels: [2, 4, 8], steps: [{conv: {kernel: 1}}, batchNorm]}
      stages: 1
      cellsPerStage: [1, 2]
      cell: cell
      head: [batchNorm, relu]
    policy: {fusion: [none], scheduler: [rpo], rowTile: [1, whole]}
    """

  private let folder: URL
  private let space: SearchSpace
  private let input = InputSpecification(channels: 1, height: 8, width: 8, classes: 2)

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "supernet-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appending(path: "neighbours.yaml")
    try Data(Self.space.utf8).write(to: file)
    space = try SearchSpace.load(from: file)
  }

  /// Stripes across or along: the same number of bright and dark pixels.
  private func stripes(count: Int) throws -> ImageDataset {
    var generator = SeededGenerator(seed: 9)
    var pixels: [UInt8] = []
    for image in 0..<count {
      let offset = Int.random(in: 0...1, using: &generator)
      for row in 0..<8 {
        for column in 0..<8 {
          let isBright = ((image % 2 == 0 ? row : column) + offset) % 2 == 0
          pixels.append((isBright ? 160 : 40) + UInt8.random(in: 0..<60, using: &generator))
        }
      }
    }
    return try ImageDataset(
      name: "stripes", channels: 1, height: 8, width: 8, classes: 2, images: pixels,
      labels: (0..<count).map { UInt8($0 % 2) })
  }

  private func configuration(
    _ sampling: SupernetConfiguration.Sampling = .independent(subnets: 1), epochs: Double = 6
  )
    -> SupernetConfiguration
  {
    SupernetConfiguration(
      trainImages: 1280, validationImages: 200, recalibrationImages: 256,
      training: TrainingConfiguration(epochs: epochs, batchSize: 32, learningRate: 0.05, threads: 2, seed: 3),
      sampling: sampling, distillation: sampling == .sandwich(subnets: 3))
  }

  private func architecture(_ operations: [String], width: Int, depth: Int = 1) -> Architecture {
    let names = ["cell.edge0-1", "cell.edge0-2", "cell.edge1-2"]
    let drawn = Architecture(
      space: space.name, choices: Dictionary(uniqueKeysWithValues: zip(names, operations)))
    return space.resized(drawn, width: width, depth: depth)
  }

  private func subject(_ architecture: Architecture) throws -> EstimationSubject {
    EstimationSubject(
      architecture: architecture, training: try space.trainingGraph(for: architecture, input: input))
  }

  private func prepare(
    _ configuration: SupernetConfiguration, folder: URL? = nil, progress: ((SupernetProgress) -> Void)? = nil
  ) throws -> SupernetEstimator {
    try SupernetEstimator.prepare(
      space: space, input: input, trainingSet: stripes(count: 1600), splitSeed: 4,
      configuration: configuration,
      folder: folder, progress: progress)
  }

  @Test(arguments: [SupernetConfiguration.Sampling.independent(subnets: 1), .sandwich(subnets: 3)])
  func networksThatSeeTheDifferenceRankFirst(sampling: SupernetConfiguration.Sampling) throws {
    let estimator = try prepare(configuration(sampling))
    for (width, depth) in [(8, 1), (4, 2), (2, 1)] {
      let blind = [["skip", "point", "point"], ["point", "skip", "skip"], ["point", "point", "point"]]
      let seeing = [
        ["window", "point", "point"], ["skip", "window", "window"], ["window", "window", "window"],
      ]
      func accuracies(_ families: [[String]]) throws -> [Double] {
        try families.map {
          try estimator.estimate(subject(architecture($0, width: width, depth: depth)), seed: 0).merit
        }
      }
      let (low, high) = (try accuracies(blind), try accuracies(seeing))
      #expect(low.allSatisfy { (0.35...0.65).contains($0) }, "\(low)")
      #expect(high.min()! > low.max()!, "\(width) × \(depth): \(high) \(low)")
      if width > 2 { #expect(high.max()! > 0.9) }
    }
  }

  @Test func anEstimateSaysHowItWasFound() throws {
    var seen: [SupernetProgress] = []
    let estimator = try prepare(configuration(epochs: 0.5)) { seen.append($0) }
    let subject = try subject(architecture(["window", "skip", "point"], width: 4))
    let estimate = try estimator.estimate(subject, seed: 1)
    #expect(estimate.estimator == "supernet")
    #expect(estimate.split == "validation")
    #expect(estimate.trainImages == 1280)
    #expect(estimate.validationImages == 200)
    #expect(estimate.recalibrationImages == 256)
    #expect(estimate.epochs == 0.5)
    #expect(try estimator.estimate(subject, seed: 2).accuracy == estimate.accuracy)
    #expect(seen.map(\.step) == Array(0...20))
    #expect(seen.last?.secondsLeft == 0)
    #expect(seen.allSatisfy { $0.steps == 20 })
    #expect(estimator.costDescription.contains("256"))
  }

  @Test func aStoredSupernetIsNotTrainedAgain() throws {
    let first = try prepare(configuration(epochs: 0.5), folder: folder)
    var steps = 0
    let again = try prepare(configuration(epochs: 0.5), folder: folder) { _ in steps += 1 }
    #expect(steps == 1)
    #expect(again.supernet.weights == first.supernet.weights)
    let error = #expect(throws: EstimationError.self) {
      try prepare(configuration(epochs: 0.6), folder: folder)
    }
    guard case .training(.invalidWeightsFile) = error else {
      Issue.record("unexpected: \(String(describing: error))")
      return
    }
  }

  @Test func mistakesAreNamed() throws {
    var large = configuration()
    large.trainImages = 10_000
    #expect(throws: EstimationError.dataset(.tooFewImages(requested: 10_200, available: 1600))) {
      try prepare(large)
    }
    #expect(
      throws: EstimationError.training(
        .invalidConfiguration(field: "subnetsPerStep", reason: "99 is not in 2...64"))
    ) { try prepare(configuration(.sandwich(subnets: 99))) }
    var wild = configuration()
    wild.training.learningRate = 1e30
    let error = #expect(throws: EstimationError.self) { try prepare(wild) }
    guard case .diverged = error else {
      Issue.record("unexpected: \(String(describing: error))")
      return
    }
  }
}
