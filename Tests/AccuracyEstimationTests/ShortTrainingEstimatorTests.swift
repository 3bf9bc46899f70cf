import AccuracyEstimation
import ComputationGraph
import SearchSpaces
import Testing
import Training

@Suite struct ShortTrainingEstimatorTests {
  /// 16×16 images: a bright bar at the height of the class, in noise that depends on the image alone.
  private func bars(count: Int) throws -> ImageDataset {
    var pixels: [UInt8] = []
    var labels: [UInt8] = []
    for image in 0..<count {
      let label = image % 4
      labels.append(UInt8(label))
      for row in 0..<16 {
        for column in 0..<16 {
          let noise = UInt8((image &* 7919 &+ row &* 104_729 &+ column &* 1_299_709) % 90)
          pixels.append(row / 4 == label ? noise + 100 : noise)
        }
      }
    }
    return try ImageDataset(
      name: "bars", channels: 1, height: 16, width: 16, classes: 4, images: pixels, labels: labels)
  }

  private func network(input: Int = 16) throws -> Graph {
    var builder = GraphBuilder(name: "network")
    let image = builder.input("image", shape: [1, 1, input, input])
    var x = try builder.convolution(
      image, outputChannels: 4, window: Window2D(kernel: Size2D(3), stride: Size2D(2), padding: Padding2D(1)))
    x = try builder.add(.relu, [try builder.batchNormalization(x)])
    x = try builder.add(.flatten, [x])
    let logits = try builder.fullyConnected(x, outputs: 4)
    return try builder.build(outputs: [logits])
  }

  private func subject(_ network: Graph) -> EstimationSubject {
    EstimationSubject(architecture: Architecture(space: "bars", choices: [:]), training: network)
  }

  private func configuration(epochs: Double = 2, rate: Double = 0.05) -> TrainingConfiguration {
    TrainingConfiguration(epochs: epochs, batchSize: 32, learningRate: rate, threads: 2)
  }

  @Test func anEasyTaskIsLearnt() throws {
    let estimator = try ShortTrainingEstimator(
      trainingSet: bars(count: 800), trainImages: 600, validationImages: 100, splitSeed: 1,
      configuration: configuration())
    let estimate = try estimator.estimate(subject(network()), seed: 1)
    #expect(estimate.accuracy! > 0.9)
    #expect(estimate.score == nil && estimate.trainAccuracy == nil)
    #expect(estimate.estimator == estimator.name)
    #expect(estimate.split == "validation")
    #expect(estimate.trainImages == 600)
    #expect(estimate.validationImages == 100)
    #expect(estimate.epochs == 2)
    #expect(estimate.seconds > 0)
  }

  @Test func equalSeedsGiveEqualEstimates() throws {
    let estimator = try ShortTrainingEstimator(
      trainingSet: bars(count: 400), trainImages: 200, validationImages: 200, splitSeed: 1,
      configuration: configuration(epochs: 0.5))
    let accuracies = try [7, 8, 7].map { try estimator.estimate(subject(network()), seed: $0).accuracy }
    #expect(accuracies[0] == accuracies[2])
  }

  @Test func theGeneralizationGapIsTakenOffTheScore() throws {
    // Labels that the images do not tell can be learnt by heart only.
    let data = try bars(count: 400)
    let noise = try ImageDataset(
      name: "noise", channels: 1, height: 16, width: 16, classes: 4, images: data.images,
      labels: (0..<400).map { UInt8($0 * 7919 / 13 % 4) })
    func estimate(weight: Double) throws -> AccuracyEstimate {
      try ShortTrainingEstimator(
        trainingSet: noise, trainImages: 64, validationImages: 300, splitSeed: 1,
        configuration: configuration(epochs: 40), generalizationGapWeight: weight
      ).estimate(subject(network()), seed: 3)
    }
    let (plain, penalised) = (try estimate(weight: 0), try estimate(weight: 0.5))
    let train = try #require(penalised.trainAccuracy)
    #expect(penalised.accuracy == plain.accuracy && train > plain.merit + 0.2, "\(train) \(plain.merit)")
    #expect(penalised.score == penalised.accuracy! - 0.5 * (train - penalised.accuracy!))
    #expect(penalised.merit < plain.merit)
  }

  @Test func trainingAndValidationImagesAreDisjoint() throws {
    // Each image holds its own number, so that it can be recognised.
    let images = (0..<300).flatMap { [UInt8($0 / 256), UInt8($0 % 256)] }
    let all = try ImageDataset(
      name: "numbers", channels: 1, height: 1, width: 2, classes: 3, images: images,
      labels: (0..<300).map { UInt8($0 % 3) })
    let estimator = try ShortTrainingEstimator(
      trainingSet: all, trainImages: 200, validationImages: 100, splitSeed: 9, configuration: configuration())
    func numbers(_ data: ImageDataset) -> Set<Int> {
      Set((0..<data.count).map { Int(data.images[2 * $0]) * 256 + Int(data.images[2 * $0 + 1]) })
    }
    #expect(numbers(estimator.trainImages).count == 200)
    #expect(numbers(estimator.validationImages).count == 100)
    #expect(numbers(estimator.trainImages).isDisjoint(with: numbers(estimator.validationImages)))
    let smaller = try ShortTrainingEstimator(
      trainingSet: all, trainImages: 50, validationImages: 100, splitSeed: 9, configuration: configuration())
    #expect(smaller.validationImages.images == estimator.validationImages.images)
    #expect(estimator.normalization == Normalization(of: estimator.trainImages))
  }

  @Test func mistakesAreNamed() throws {
    let all = try bars(count: 100)
    #expect(throws: EstimationError.dataset(.tooFewImages(requested: 120, available: 100))) {
      try ShortTrainingEstimator(
        trainingSet: all, trainImages: 100, validationImages: 20, splitSeed: 1, configuration: configuration()
      )
    }
    #expect(
      throws: EstimationError.training(
        .invalidConfiguration(field: "epochs", reason: "0.0 is not in (0, 1000000]"))
    ) {
      try ShortTrainingEstimator(
        trainingSet: all, trainImages: 50, validationImages: 20, splitSeed: 1,
        configuration: configuration(epochs: 0))
    }
    #expect(throws: EstimationError.self) {
      try ShortTrainingEstimator(
        trainingSet: all, trainImages: 0, validationImages: 20, splitSeed: 1, configuration: configuration())
    }
    let estimator = try ShortTrainingEstimator(
      trainingSet: all, trainImages: 64, validationImages: 20, splitSeed: 1, configuration: configuration())
    let error = #expect(throws: EstimationError.self) {
      try estimator.estimate(subject(network(input: 20)), seed: 1)
    }
    guard case .training(.datasetMismatch) = error else {
      Issue.record("unexpected: \(String(describing: error))")
      return
    }
  }

  @Test func divergenceIsToldApart() throws {
    let estimator = try ShortTrainingEstimator(
      trainingSet: bars(count: 400), trainImages: 320, validationImages: 20, splitSeed: 1,
      configuration: configuration(epochs: 4, rate: 1e30))
    let error = #expect(throws: EstimationError.self) { try estimator.estimate(subject(network()), seed: 1) }
    guard case .diverged = error else {
      Issue.record("unexpected: \(String(describing: error))")
      return
    }
  }
}
