import ComputationGraph
import Kernels

/// A subnet ready to be computed: the one place where supernets meet tapes and engines.
struct SubnetEngine {
  let subnet: Subnet
  let tape: TrainingTape
  let engine: TrainingEngine
  private let algorithm: ConvolutionAlgorithm

  /// Chunks whose statistics are averaged at a time: fixed, so that the rounding does not depend on the threads.
  private static let recalibrationGroup = 4

  /// Compiles a subnet.
  ///
  /// - Parameters:
  ///   - batchChunks: the chunks of images in a step of training; 0 for a subnet that is only evaluated.
  ///   - memory: shared with engines that are not used at the same time.
  init(
    _ subnet: Subnet, threads: Int, batchChunks: Int = 0, memory: TrainingMemory = TrainingMemory()
  ) throws(TrainingError) {
    self.subnet = subnet
    algorithm = .preferred
    let kernels = KernelTable(.best)
    tape = try TrainingTape(
      subnet.graph, algorithm: algorithm, kernels: kernels, isForwardOnly: batchChunks == 0)
    engine = TrainingEngine(
      tape: tape, kernels: kernels, workers: threads,
      maximumChunks: batchChunks > 0 ? batchChunks : max(threads, Self.recalibrationGroup), memory: memory)
  }

  /// Takes the subnet's slices of shared weights.
  func load(_ weights: SharedWeights) {
    for slot in tape.parameters.slots {
      weights.copySlice(of: subnet.sharedWeight(of: slot.name), to: engine.parameters.pointer + slot.offset)
    }
    engine.pack()
  }

  /// Differentiates the mean loss of a batch; see ``TrainingEngine/step(_:loader:loss:)``.
  ///
  /// - Parameters:
  ///   - teacher: soft labels to learn from in place of the images' own.
  ///   - pupils: receive the class probabilities that this subnet gives.
  func differentiate(
    _ images: [AugmentedImage], loader: ChunkLoader, loss: SoftmaxCrossEntropy, teacher: SoftTargets?,
    pupils: SoftTargets?
  ) -> SoftmaxCrossEntropy.Sums {
    algorithm.limitingBLASThreads {
      engine.step(images, loader: loader) { chunk, logits, labels, gradient in
        pupils?.record(chunk: chunk, logits: logits, count: labels.count)
        if let teacher {
          let sums = teacher.evaluate(
            chunk: chunk, logits: logits, labels: labels.map(\.main), gradient: gradient)
          return SoftmaxCrossEntropy.Sums(loss: sums.loss, correct: sums.correct)
        }
        return loss.evaluate(logits: logits, labels: labels, count: labels.count, gradient: gradient)
      }
    }
  }

  /// Sets running statistics to the plain averages over all whole chunks of the first `count` images.
  ///
  /// - Precondition: the engine is for evaluation.
  func recalibrate(on loader: ChunkLoader, count: Int) {
    let lanes = ActivationValue.lanes
    let chunks = count / lanes
    algorithm.limitingBLASThreads {
      var seen = 0
      while seen < chunks {
        let now = min(Self.recalibrationGroup, chunks - seen)
        let images = (seen * lanes..<(seen + now) * lanes).map { AugmentedImage(index: $0) }
        engine.recordStatistics(images[...], loader: loader)
        seen += now
        engine.updateRunningStatistics(chunks: now, momentum: Float(now) / Float(seen))
      }
    }
  }

  /// Running means and variances by the names of their tensors.
  var runningStatistics: [(name: String, values: [Float])] {
    tape.parameters.statistics.flatMap { entry in
      let start = engine.runningStatistics.pointer + entry.offset
      return [(entry.meanName, start), (entry.varianceName, start + entry.channels)].map {
        (name: $0, values: Array(UnsafeBufferPointer(start: $1, count: entry.channels)))
      }
    }
  }

  /// Sums over the first `count` images, with running statistics.
  func evaluate(on loader: ChunkLoader, count: Int) -> SoftmaxCrossEntropy.Sums {
    algorithm.limitingBLASThreads {
      engine.evaluate(
        count: count, loader: loader, loss: SoftmaxCrossEntropy(classes: tape.logits.channels, smoothing: 0))
    }
  }

  /// As ``evaluate(on:count:)``, but each image is judged by the last layer that is best for the features of others
  /// (``CrossValidatedClassifier``); with the layer as it is where logits come from anything but a fully connected one.
  ///
  /// - Precondition: there are two images or more.
  func crossValidate(on loader: ChunkLoader, count: Int) -> SoftmaxCrossEntropy.Sums {
    guard let value = features else { return evaluate(on: loader, count: count) }
    let features = algorithm.limitingBLASThreads { engine.rows(of: value, count: count, loader: loader) }
    let labels = loader.labels((0..<count).map { AugmentedImage(index: $0) }[...])
    let classes = tape.logits.channels
    let outputs = BLAS.onOneThread {
      CrossValidatedClassifier.outputs(features: features, labels: labels.map(\.label), classes: classes)
    }
    return SoftmaxCrossEntropy(classes: classes, smoothing: 0).evaluate(rows: outputs, labels: labels)
  }

  /// What the fully connected layer that gives the logits reads; nil if they come from anything else.
  private var features: ActivationValue? {
    for node in tape.nodes where node.writes == [tape.logits] {
      switch node {
      case let node as DirectConvolutionNode: return node.geometry.input
      case let node as BLASConvolutionNode: return node.geometry.input
      default: return nil
      }
    }
    return nil
  }

  /// Checks that images fit the subnet.
  ///
  /// - Throws: ``TrainingError/datasetMismatch(reason:)``.
  func verify(_ dataset: ImageDataset, _ normalization: Normalization) throws(TrainingError) {
    let image = tape.image
    let fits =
      dataset.channels == image.channels && dataset.height == image.rows && dataset.width == image.columns
      && dataset.classes <= tape.logits.channels && normalization.mean.count == dataset.channels
    guard fits else {
      throw .datasetMismatch(
        reason: "\(dataset.name) has images of \(dataset.channels)×\(dataset.height)×\(dataset.width) in "
          + "\(dataset.classes) classes, but the network reads \(image.channels)×\(image.rows)×\(image.columns) and "
          + "tells \(tape.logits.channels) apart")
    }
  }
}
