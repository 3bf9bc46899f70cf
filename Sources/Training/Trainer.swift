import ComputationGraph
import Foundation
import Foundations
import Kernels

/// Trains a network in training form from scratch (or from given weights) and measures its accuracy.
///
///     let trainer = try Trainer(graph: graph, configuration: TrainingConfiguration(epochs: 2))
///     let network = try trainer.train(on: images, normalization: Normalization(of: images))
///     let accuracy = try trainer.accuracy(on: testImages, normalization: Normalization(of: images))
///
/// Equal graphs, configurations, images and instruction sets give bit-identical weights, whatever the number of
/// threads. In training, batch norms use the statistics of each chunk of ``TrainingConfiguration/chunkSize`` images;
/// running statistics follow the mean over a step's chunks with a momentum of 0.1 (less at the start, so that they
/// are plain averages at first).
public final class Trainer {
  /// The network.
  public let graph: Graph
  /// How it is trained.
  public let configuration: TrainingConfiguration
  let tape: TrainingTape
  let engine: TrainingEngine
  private let algorithm: ConvolutionAlgorithm

  /// Prepares a network: compiles it and sets initial weights.
  ///
  /// - Parameters:
  ///   - graph: a network in training form: one input [1, C, H, W], one output [1, classes].
  ///   - seed: replaces the configuration's seed where given.
  ///   - weights: initial weights; nil for random ones drawn from the seed.
  ///   - algorithm: how convolutions are computed.
  ///   - instructionSet: which vector kernels are used; the best one this processor has unless given.
  ///   - memory: what trainers that work one after the other share; memory of its own unless given.
  /// - Throws: ``TrainingError`` for a graph, configuration or weights that do not work.
  /// - Precondition: the instruction set is available.
  public init(
    graph: Graph, configuration: TrainingConfiguration, seed: UInt64? = nil, weights: WeightValues? = nil,
    algorithm: ConvolutionAlgorithm = .preferred, instructionSet: InstructionSet = .best,
    memory: TrainingMemory = TrainingMemory()
  ) throws(TrainingError) {
    var configuration = configuration
    if let seed { configuration.seed = seed }
    try configuration.validate()
    self.graph = graph
    self.configuration = configuration
    self.algorithm = algorithm
    let kernels = KernelTable(instructionSet)
    tape = try TrainingTape(graph, algorithm: algorithm, kernels: kernels)
    engine = TrainingEngine(
      tape: tape, kernels: kernels, workers: configuration.threads,
      maximumChunks: max(configuration.batchSize / TrainingConfiguration.chunkSize, configuration.threads),
      memory: memory)
    var generator = SeededGenerator(seed: configuration.seed, stream: 0)
    try setWeights(weights ?? WeightValues.random(for: graph, using: &generator))
  }

  /// Trains the network.
  ///
  /// The number of steps is epochs · images / batch size, rounded, at least 1; images of a batch may belong to two
  /// epochs, so that none is left out.
  ///
  /// - Parameters:
  ///   - normalization: the statistics of the training images.
  ///   - progress: called after every step on the calling thread.
  /// - Throws: ``TrainingError/diverged(step:loss:)`` as soon as the loss or a weight is not finite,
  ///   ``TrainingError/datasetMismatch(reason:)`` if the images do not fit the network.
  public func train(
    on dataset: ImageDataset, normalization: Normalization, progress: ((TrainingProgress) -> Void)? = nil
  ) throws(TrainingError) -> TrainedNetwork {
    try verify(dataset, normalization)
    guard dataset.count > 0 else { throw .datasetMismatch(reason: "\(dataset.name) has no images") }
    let loader = ChunkLoader(dataset: dataset, normalization: normalization)
    let loss = SoftmaxCrossEntropy(classes: tape.logits.channels, smoothing: configuration.labelSmoothing)
    var stream = ImageStream(
      count: dataset.count, augmentation: configuration.augmentation,
      generator: SeededGenerator(seed: configuration.seed, stream: 1))
    let images = configuration.epochs * Double(dataset.count)
    let steps = max(1, Int((images / Double(configuration.batchSize)).rounded()))
    let schedule = LearningRateSchedule(
      highest: configuration.learningRate, steps: steps, warmupFraction: configuration.warmupFraction)
    let optimizer = MomentumSGD(configuration: configuration, count: tape.parameters.count)
    var recorder = EpochRecorder(imagesPerEpoch: dataset.count)
    for step in 0..<steps {
      let rate = schedule.rate(at: step)
      let batch = stream.batch(configuration.batchSize)
      let sums = limitingBLASThreads { engine.step(batch, loader: loader, loss: loss) }
      guard sums.loss.isFinite else {
        throw .diverged(step: step, loss: sums.loss / Double(configuration.batchSize))
      }
      optimizer.step(
        parameters: engine.parameters.pointer, gradients: engine.meanGradient, layout: tape.parameters,
        rate: rate)
      engine.updateRunningStatistics(
        chunks: configuration.batchSize / TrainingConfiguration.chunkSize,
        momentum: max(Self.statisticsMomentum, 1 / Float(step + 1)))
      engine.pack()
      recorder.add(sums, images: configuration.batchSize, rate: rate, isLast: step + 1 == steps)
      progress?(
        TrainingProgress(
          step: step + 1, steps: steps, images: recorder.images,
          loss: sums.loss / Double(configuration.batchSize),
          accuracy: Double(sums.correct) / Double(configuration.batchSize), learningRate: rate,
          imagesPerSecond: Double(recorder.images) / max(recorder.seconds, 1e-9), seconds: recorder.seconds))
    }
    let weights = self.weights
    guard weights.names.allSatisfy({ weights[$0]!.allSatisfy(\.isFinite) }) else {
      throw .diverged(step: steps, loss: recorder.records.last?.trainLoss ?? .nan)
    }
    return TrainedNetwork(weights: weights, history: recorder.records)
  }

  /// The share of images that the network, with running statistics, classifies correctly.
  ///
  /// - Parameter normalization: that of the *training* images.
  /// - Throws: ``TrainingError/datasetMismatch(reason:)`` if the images do not fit the network.
  public func accuracy(on dataset: ImageDataset, normalization: Normalization) throws(TrainingError) -> Double
  {
    try evaluate(on: dataset, normalization: normalization).accuracy
  }

  /// Accuracy and loss with running statistics; see ``accuracy(on:normalization:)``.
  public func evaluate(on dataset: ImageDataset, normalization: Normalization) throws(TrainingError)
    -> EvaluationResult
  {
    try verify(dataset, normalization)
    guard dataset.count > 0 else { throw .datasetMismatch(reason: "\(dataset.name) has no images") }
    let sums = limitingBLASThreads {
      engine.evaluate(
        count: dataset.count, loader: ChunkLoader(dataset: dataset, normalization: normalization),
        loss: SoftmaxCrossEntropy(classes: tape.logits.channels, smoothing: 0))
    }
    return EvaluationResult(
      accuracy: Double(sums.correct) / Double(dataset.count), loss: sums.loss / Double(dataset.count),
      images: dataset.count)
  }

  /// The present weights of all operators that the output depends on, running statistics included; weights that
  /// it does not depend on keep their initial values.
  public var weights: WeightValues {
    var result = initialWeights
    for slot in tape.parameters.slots {
      result[slot.name] = Array(
        UnsafeBufferPointer(start: engine.parameters.pointer + slot.offset, count: slot.count))
    }
    for entry in tape.parameters.statistics {
      let start = engine.runningStatistics.pointer + entry.offset
      result[entry.meanName] = Array(UnsafeBufferPointer(start: start, count: entry.channels))
      result[entry.varianceName] = Array(
        UnsafeBufferPointer(start: start + entry.channels, count: entry.channels))
    }
    return result
  }

  /// Replaces all weights.
  ///
  /// - Throws: ``TrainingError/weightMismatch(weight:)`` for the first that is missing or of another size.
  public func setWeights(_ weights: WeightValues) throws(TrainingError) {
    if let name = weights.firstMismatch(with: graph) { throw .weightMismatch(weight: name) }
    initialWeights = weights
    for slot in tape.parameters.slots {
      (engine.parameters.pointer + slot.offset).update(from: weights[slot.name]!, count: slot.count)
    }
    for entry in tape.parameters.statistics {
      let start = engine.runningStatistics.pointer + entry.offset
      start.update(from: weights[entry.meanName]!, count: entry.channels)
      (start + entry.channels).update(from: weights[entry.varianceName]!, count: entry.channels)
    }
    engine.pack()
  }

  private var initialWeights = WeightValues()
  private static let statisticsMomentum: Float = 0.1

  func verify(_ dataset: ImageDataset, _ normalization: Normalization) throws(TrainingError) {
    let image = tape.image
    guard dataset.channels == image.channels, dataset.height == image.rows, dataset.width == image.columns
    else {
      throw .datasetMismatch(
        reason:
          "\(dataset.name) has images of \(dataset.channels)×\(dataset.height)×\(dataset.width), but the "
          + "network reads \(image.channels)×\(image.rows)×\(image.columns)")
    }
    guard dataset.classes <= tape.logits.channels else {
      throw .datasetMismatch(
        reason: "\(dataset.name) has \(dataset.classes) classes, but the network only \(tape.logits.channels)"
      )
    }
    guard normalization.mean.count == dataset.channels else {
      throw .datasetMismatch(
        reason:
          "the normalization is for \(normalization.mean.count) channels, \(dataset.name) has \(dataset.channels)"
      )
    }
  }

  /// Runs `body` while the BLAS starts no threads below our workers.
  func limitingBLASThreads<Result>(_ body: () -> Result) -> Result {
    guard algorithm == .blas, BLAS.threads != 1 else { return body() }
    let previous = BLAS.threads
    BLAS.setThreads(1)
    defer { BLAS.setThreads(previous) }
    return body()
  }
}

/// Collects the losses of steps into records of epochs.
private struct EpochRecorder {
  private(set) var records: [EpochRecord] = []
  private(set) var images = 0
  private let imagesPerEpoch: Int
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var epochStart: ContinuousClock.Instant
  private var epochImages = 0
  private var sums = SoftmaxCrossEntropy.Sums()

  init(imagesPerEpoch: Int) {
    self.imagesPerEpoch = imagesPerEpoch
    start = clock.now
    epochStart = start
  }

  /// Seconds since the training began.
  var seconds: Double { (clock.now - start) / .seconds(1) }

  /// Adds a step; the step that reaches the end of a pass closes its record.
  mutating func add(_ step: SoftmaxCrossEntropy.Sums, images count: Int, rate: Double, isLast: Bool) {
    let finished = images / imagesPerEpoch
    images += count
    epochImages += count
    sums += step
    guard isLast || images / imagesPerEpoch > finished else { return }
    let now = clock.now
    records.append(
      EpochRecord(
        epoch: Double(images) / Double(imagesPerEpoch), trainLoss: sums.loss / Double(epochImages),
        trainAccuracy: Double(sums.correct) / Double(epochImages), learningRate: rate,
        seconds: (now - epochStart) / .seconds(1)))
    sums = SoftmaxCrossEntropy.Sums()
    epochImages = 0
    epochStart = now
  }
}
