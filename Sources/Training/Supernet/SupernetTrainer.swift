import Foundation
import Foundations

/// Trains a supernet: in every step some of its networks, each with its slices of the shared weights (single-path
/// one-shot, Guo et al., arXiv 1904.00420).
///
///     let trainer = try SupernetTrainer(configuration: TrainingConfiguration(epochs: 30), identity: space.fingerprint)
///     let supernet = try trainer.train(on: images, normalization: normalization, checkpoint: file) { step, steps in
///       SupernetStep(subnets: [try Subnet(graph: …, largest: …)])
///     }
///
/// Equal configurations, images, instruction sets and subnets give bit-identical weights, whatever the number of
/// threads and however often the training was interrupted. Batch norms use the statistics of each chunk of images, as
/// in ``Trainer``; running statistics are not kept, since they would mix the networks
/// (``Supernet/evaluate(_:recalibration:validation:normalization:threads:)`` finds them anew).
public struct SupernetTrainer: Sendable {
  /// How the shared weights are trained: an epoch shows every image once, to all the subnets of its step.
  public let configuration: TrainingConfiguration
  /// Whether the subnets after the first of a step learn from the first one's answers instead of the labels.
  public let distills: Bool
  /// What else the result depends on, so that a checkpoint of another supernet is not continued.
  public let identity: String

  /// Creates a trainer.
  ///
  /// - Throws: ``TrainingError/invalidConfiguration(field:reason:)``.
  public init(configuration: TrainingConfiguration, distills: Bool = false, identity: String = "")
    throws(TrainingError)
  {
    try configuration.validate()
    self.configuration = configuration
    self.distills = distills
    self.identity = identity
  }

  /// Trains, or goes on from a checkpoint, or takes a finished supernet from it.
  ///
  /// - Parameters:
  ///   - normalization: the statistics of the training images.
  ///   - checkpoint: a file that the training is stored in at the end and every `interval` seconds before.
  ///   - subnets: what to train in a step; a function of the step's number alone.
  ///   - progress: called on this thread when the training begins and after every step, after the checkpoint that was due;
  ///     a process that ends there loses at most the steps since the last checkpoint.
  /// - Throws: ``TrainingError/diverged(step:loss:)`` as soon as a loss or a weight is not finite;
  ///   ``TrainingError`` for images that do not fit, a checkpoint that is damaged or of another supernet, and whatever
  ///   `subnets` throws.
  public func train(
    on dataset: ImageDataset, normalization: Normalization, checkpoint: URL? = nil, interval: Double = 15,
    subnets: (_ step: Int, _ steps: Int) throws(TrainingError) -> SupernetStep,
    progress: ((SupernetProgress) -> Void)? = nil
  ) throws(TrainingError) -> Supernet {
    guard dataset.count > 0 else { throw .datasetMismatch(reason: "\(dataset.name) has no images") }
    let images = configuration.epochs * Double(dataset.count)
    let steps = max(1, Int((images / Double(configuration.batchSize)).rounded()))
    let identity = fullIdentity(dataset, normalization)
    var state: State
    if let checkpoint, FileManager.default.fileExists(atPath: checkpoint.path) {
      state = State(try SupernetCheckpoint.read(checkpoint, identity: identity), configuration, steps: steps)
    } else {
      state = State(configuration, steps: steps)
    }
    let loader = ChunkLoader(dataset: dataset, normalization: normalization)
    let schedule = LearningRateSchedule(
      highest: configuration.learningRate, steps: steps, warmupFraction: configuration.warmupFraction)
    var stream = ImageStream(
      count: dataset.count, augmentation: configuration.augmentation,
      generator: SeededGenerator(seed: configuration.seed, stream: 1))
    // The stream is replayed rather than stored: it takes microseconds per step.
    for _ in 0..<state.progress.step { _ = stream.batch(configuration.batchSize) }

    let memory = TrainingMemory()
    var meter = Meter(state.progress)
    progress?(state.progress)
    while state.progress.step < steps {
      let step = state.progress.step
      let content = try subnets(step, steps)
      let rate = schedule.rate(at: step)
      let batch = stream.batch(configuration.batchSize)
      let sums = try differentiate(
        content.subnets, batch: batch, dataset: dataset, loader: loader, normalization: normalization,
        memory: memory, state: &state)
      state.optimizer.step(&state.weights, rate: rate)
      let answers = configuration.batchSize * content.subnets.count
      meter.add(content, sums, answers: answers, rate: rate, weights: state.weights, to: &state.progress)
      let isFinished = state.progress.step == steps
      if isFinished, !state.weights.values.allSatisfy(\.isFinite) {
        throw .diverged(step: steps, loss: state.progress.loss)
      }
      if let checkpoint, isFinished || meter.isDue(every: interval) {
        try SupernetCheckpoint(
          progress: state.progress, weights: state.weights, velocity: state.optimizer.velocity
        ).write(to: checkpoint, identity: identity)
      }
      progress?(state.progress)
    }
    return Supernet(weights: state.weights, training: state.progress)
  }

  /// Adds the gradients of a step's subnets to the optimiser's.
  private func differentiate(
    _ subnets: [Subnet], batch: [AugmentedImage], dataset: ImageDataset, loader: ChunkLoader,
    normalization: Normalization, memory: TrainingMemory, state: inout State
  ) throws(TrainingError) -> SoftmaxCrossEntropy.Sums {
    let chunks = configuration.batchSize / TrainingConfiguration.chunkSize
    var targets: SoftTargets?
    var total = SoftmaxCrossEntropy.Sums()
    for (index, subnet) in subnets.enumerated() {
      let engine = try SubnetEngine(
        subnet, threads: configuration.threads, batchChunks: chunks, memory: memory)
      try engine.verify(dataset, normalization)
      for weight in subnet.sharedWeights { _ = state.weights.entry(of: weight) }
      engine.load(state.weights)
      let classes = engine.tape.logits.channels
      let teaches = distills && index == 0 && subnets.count > 1
      if teaches { targets = SoftTargets(chunks: chunks, classes: classes) }
      let sums = engine.differentiate(
        batch, loader: loader,
        loss: SoftmaxCrossEntropy(classes: classes, smoothing: configuration.labelSmoothing),
        teacher: teaches ? nil : targets, pupils: teaches ? targets : nil)
      guard sums.loss.isFinite else {
        throw .diverged(step: state.progress.step, loss: sums.loss / Double(batch.count))
      }
      state.optimizer.add(
        gradients: engine.engine.meanGradient, layout: engine.tape.parameters, of: subnet, in: state.weights)
      total += sums
    }
    return total
  }

  /// Everything that the weights of a finished training depend on, but for the instruction set.
  private func fullIdentity(_ dataset: ImageDataset, _ normalization: Normalization) -> String {
    var settings = configuration
    settings.threads = 1
    let lines: [any Encodable] = [settings, normalization]
    // Plain finite numbers always have a JSON form.
    let texts = lines.map { (try? JSONFile.encodeLine($0)) ?? "" }
    return ([identity, "distillation \(distills)", "\(dataset.name), \(dataset.count) images"] + texts)
      .joined(separator: "\n")
  }

  /// What changes from step to step.
  private struct State {
    var progress: SupernetProgress
    var weights: SharedWeights
    var optimizer: SharedOptimizer

    init(_ configuration: TrainingConfiguration, steps: Int) {
      progress = SupernetProgress(steps: steps)
      weights = SharedWeights(seed: configuration.seed)
      optimizer = SharedOptimizer(configuration: configuration)
    }

    init(_ stored: SupernetCheckpoint, _ configuration: TrainingConfiguration, steps: Int) {
      self.init(configuration, steps: steps)
      progress = stored.progress
      weights = stored.weights
      optimizer.restore(velocity: stored.velocity)
    }
  }

  /// Keeps the figures of ``SupernetProgress`` and the time since the last checkpoint.
  private struct Meter {
    private let start = ContinuousClock.now
    private let firstStep: Int
    private let secondsBefore: Double
    private var answers = 0
    private var lastCheckpoint = 0.0

    init(_ progress: SupernetProgress) {
      firstStep = progress.step
      secondsBefore = progress.seconds
    }

    mutating func add(
      _ content: SupernetStep, _ sums: SoftmaxCrossEntropy.Sums, answers count: Int, rate: Double,
      weights: SharedWeights, to progress: inout SupernetProgress
    ) {
      answers += count
      let seconds = max((ContinuousClock.now - start) / .seconds(1), 1e-9)
      progress.step += 1
      progress.subnets += content.subnets.count
      progress.refused += content.refused
      progress.sharedWeights = weights.entries.count
      progress.parameters = weights.values.count
      progress.loss = sums.loss / Double(count)
      progress.accuracy = Double(sums.correct) / Double(count)
      progress.learningRate = rate
      progress.imagesPerSecond = Double(answers) / seconds
      progress.seconds = secondsBefore + seconds
      progress.secondsLeft =
        seconds / Double(progress.step - firstStep) * Double(progress.steps - progress.step)
    }

    mutating func isDue(every interval: Double) -> Bool {
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      guard seconds - lastCheckpoint >= interval else { return false }
      lastCheckpoint = seconds
      return true
    }
  }
}
