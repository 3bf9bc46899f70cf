import ComputationGraph
import Foundation
import Foundations

/// A training step by step, which can be stopped after any step and continued later, in another process, as if it had not
/// been stopped.
///
///     let session = try TrainingSession(trainer, on: images, normalization: normalization)
///     while !session.isFinished {
///       try session.advance()
///       if wantsToStop { return try session.checkpoint().write(to: file) }
///     }
///     let network = try session.finish()
///
/// When checkpoints are taken, and how often, changes nothing. Weights after a continuation are bit-identical to those of
/// an uninterrupted training with the same instruction set, whatever the number of threads before and after. While a session
/// is at work, the trainer must not be used for anything else.
public final class TrainingSession {
  /// The trainer, whose weights change.
  public let trainer: Trainer
  /// Steps in all.
  public let steps: Int
  /// Steps finished.
  public private(set) var step = 0
  /// One record per finished pass.
  public var history: [EpochRecord] { recorder.records }
  /// Seconds that the steps took, those before an interruption included.
  public var seconds: Double { recorder.seconds }
  /// Whether all steps are done.
  public var isFinished: Bool { step == steps }

  private let loader: ChunkLoader
  private let loss: SoftmaxCrossEntropy
  private let schedule: LearningRateSchedule
  private let optimizer: any WeightOptimizer
  private let average: WeightAverage?
  private let validation: ImageDataset?
  private let normalization: Normalization
  private let identity: TrainingCheckpoint.Identity
  private var stream: ImageStream
  private var recorder: EpochRecorder
  private static let statisticsMomentum: Float = 0.1

  /// Begins a training from the trainer's present weights, or continues one.
  ///
  /// The number of steps is epochs · images / batch size, rounded, at least 1; images of a batch may belong to two
  /// epochs, so that none is left out.
  ///
  /// - Parameters:
  ///   - dataset: the images to train on.
  ///   - normalization: the statistics of the training images.
  ///   - validation: images whose accuracy is recorded after every pass; they influence nothing.
  ///   - checkpoint: where to continue.
  /// - Throws: ``TrainingError/datasetMismatch(reason:)`` if the images do not fit the network,
  ///   ``TrainingError/checkpointMismatch(reason:)`` if the checkpoint is of another training.
  public init(
    _ trainer: Trainer, on dataset: ImageDataset, normalization: Normalization,
    validation: ImageDataset? = nil, continuing checkpoint: TrainingCheckpoint? = nil
  ) throws(TrainingError) {
    let configuration = trainer.configuration
    for images in [dataset] + (validation.map { [$0] } ?? []) {
      try trainer.verify(images, normalization)
      guard images.count > 0 else { throw .datasetMismatch(reason: "\(images.name) has no images") }
    }
    self.trainer = trainer
    self.validation = validation
    self.normalization = normalization
    loader = ChunkLoader(dataset: dataset, normalization: normalization)
    loss = SoftmaxCrossEntropy(
      classes: trainer.tape.logits.channels, smoothing: configuration.labelSmoothing)
    let images = configuration.epochs * Double(dataset.count)
    steps = max(1, Int((images / Double(configuration.batchSize)).rounded()))
    schedule = LearningRateSchedule(
      highest: configuration.learningRate, steps: steps, warmupFraction: configuration.warmupFraction,
      shape: configuration.schedule)
    optimizer = configuration.makeOptimizer(count: trainer.tape.parameters.count)
    stream = ImageStream(
      count: dataset.count, height: dataset.height, width: dataset.width,
      augmentation: configuration.augmentation,
      generator: SeededGenerator(seed: configuration.seed, stream: 1))
    identity = TrainingCheckpoint.Identity(
      trainer: trainer, dataset: dataset, normalization: normalization, validation: validation)
    recorder = EpochRecorder(imagesPerEpoch: dataset.count)
    if let checkpoint {
      if let difference = checkpoint.identity.difference(from: identity) {
        throw .checkpointMismatch(reason: difference)
      }
      guard checkpoint.fits(images: dataset.count, steps: steps) else {
        throw .checkpointMismatch(reason: "it contradicts itself")
      }
      try trainer.setWeights(checkpoint.weights)
      step = checkpoint.step
      stream.restore(
        generator: checkpoint.generator, order: checkpoint.order, next: checkpoint.nextImage)
      recorder = EpochRecorder(imagesPerEpoch: dataset.count, continuing: checkpoint.recorder)
    }
    average = configuration.averaging.map { WeightAverage($0, of: trainer.engine) }
    if let checkpoint { try restore(checkpoint.memory) }
  }

  /// Takes one step.
  ///
  /// - Precondition: the training is not finished.
  /// - Returns: how far it is; with the record of the pass if the step finished one.
  /// - Throws: ``TrainingError/diverged(step:loss:)`` as soon as the loss is not finite.
  @discardableResult
  public func advance() throws(TrainingError) -> TrainingProgress {
    precondition(!isFinished, "the training is finished")
    let configuration = trainer.configuration
    let engine = trainer.engine
    let rate = schedule.rate(at: step)
    let batch = stream.batch(configuration.batchSize)
    let sums = trainer.algorithm.limitingBLASThreads { engine.step(batch, loader: loader, loss: loss) }
    let meanLoss = sums.loss / Double(configuration.batchSize)
    guard sums.loss.isFinite else { throw .diverged(step: step, loss: meanLoss) }
    let layout = trainer.tape.parameters
    if let maximum = configuration.gradientClipping {
      GradientClipping.apply(maximum: maximum, to: engine.meanGradient, layout: layout)
    }
    optimizer.step(
      parameters: engine.parameters.pointer, gradients: engine.meanGradient, layout: layout,
      settings: StepSettings(
        step: step, rate: rate, scheduleMultiplier: rate / configuration.learningRate,
        momentum: schedule.momentum(at: step, usual: configuration.momentum)))
    engine.updateRunningStatistics(
      chunks: configuration.batchSize / TrainingConfiguration.chunkSize,
      momentum: max(Self.statisticsMomentum, 1 / Float(step + 1)))
    engine.pack()
    step += 1
    average?.update(with: engine, step: step)
    let record = recorder.add(
      sums, images: configuration.batchSize, rate: rate, isLast: isFinished, validation: validationAccuracy)
    return TrainingProgress(
      step: step, steps: steps, images: recorder.images, loss: meanLoss,
      accuracy: Double(sums.correct) / Double(configuration.batchSize), learningRate: rate,
      imagesPerSecond: recorder.imagesPerSecond, seconds: recorder.seconds, record: record)
  }

  /// Leaves the trainer with the final weights: with averaging, the average.
  ///
  /// - Precondition: all steps are done, and this was not called before.
  /// - Throws: ``TrainingError/diverged(step:loss:)`` if a weight is not finite.
  public func finish() throws(TrainingError) -> TrainedNetwork {
    precondition(isFinished, "the training is not finished")
    average?.exchange(with: trainer.engine)
    let weights = trainer.weights
    guard weights.names.allSatisfy({ weights[$0]!.allSatisfy(\.isFinite) }) else {
      throw .diverged(step: steps, loss: history.last?.trainLoss ?? .nan)
    }
    return TrainedNetwork(weights: weights, history: history)
  }

  /// Everything that the training needs to be continued after the last step.
  ///
  /// - Precondition: ``finish()`` was not called.
  public func checkpoint() -> TrainingCheckpoint {
    TrainingCheckpoint(
      identity: identity, step: step, generator: stream.generator, order: stream.order,
      nextImage: stream.next, recorder: recorder.snapshot, weights: trainer.weights,
      memory: WeightValues(
        Dictionary(
          uniqueKeysWithValues: memory.map { name, buffer in
            (name, Array(UnsafeBufferPointer(start: buffer.pointer, count: buffer.count)))
          })))
  }

  /// What the training remembers besides the weights.
  private var memory: [(name: String, buffer: AlignedBuffer)] {
    optimizer.memory.map { ("optimizer.\($0.name)", $0.buffer) }
      + (average.map { [("average.parameters", $0.parameters), ("average.statistics", $0.statistics)] } ?? [])
  }

  private func restore(_ values: WeightValues) throws(TrainingError) {
    guard values.names == memory.map(\.name).sorted() else {
      throw .checkpointMismatch(reason: "it is of another optimizer")
    }
    for (name, buffer) in memory {
      let stored = values[name]!
      guard stored.count == buffer.count else {
        throw .checkpointMismatch(reason: "'\(name)' has \(stored.count) elements, expected \(buffer.count)")
      }
      buffer.pointer.update(from: stored, count: buffer.count)
    }
  }

  /// The share of the validation images that the network as it would be kept now classifies correctly.
  private func validationAccuracy() -> Double? {
    guard let validation else { return nil }
    average?.exchange(with: trainer.engine)
    defer { average?.exchange(with: trainer.engine) }
    // The images were verified in the beginning.
    return try? trainer.accuracy(on: validation, normalization: normalization)
  }
}
