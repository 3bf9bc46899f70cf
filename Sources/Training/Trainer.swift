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
  /// How convolutions are computed.
  let algorithm: ConvolutionAlgorithm
  /// Which vector kernels are used.
  public let instructionSet: InstructionSet

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
    self.instructionSet = instructionSet
    let kernels = KernelTable(instructionSet)
    tape = try TrainingTape(graph, algorithm: algorithm, kernels: kernels)
    engine = TrainingEngine(
      tape: tape, kernels: kernels, workers: configuration.threads,
      maximumChunks: max(configuration.batchSize / TrainingConfiguration.chunkSize, configuration.threads),
      memory: memory)
    var generator = SeededGenerator(seed: configuration.seed, stream: 0)
    try setWeights(weights ?? WeightValues.random(for: graph, using: &generator))
  }

  /// Trains the network to the end; a training that can be stopped and continued is a ``TrainingSession``.
  ///
  /// - Parameters:
  ///   - normalization: the statistics of the training images.
  ///   - progress: called after every step on the calling thread.
  /// - Throws: ``TrainingError/diverged(step:loss:)`` as soon as the loss or a weight is not finite,
  ///   ``TrainingError/datasetMismatch(reason:)`` if the images do not fit the network.
  public func train(
    on dataset: ImageDataset, normalization: Normalization, progress: ((TrainingProgress) -> Void)? = nil
  ) throws(TrainingError) -> TrainedNetwork {
    let session = try TrainingSession(self, on: dataset, normalization: normalization)
    while !session.isFinished {
      let state = try session.advance()
      progress?(state)
    }
    return try session.finish()
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
    let sums = algorithm.limitingBLASThreads {
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
}
