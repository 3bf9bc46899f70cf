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
    limitingBLASThreads {
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

  /// Sets running statistics to the plain averages over all whole chunks of the first `count` images, and then the
  /// classifier to the best for the features that these images have.
  ///
  /// - Parameter refits: whether the classifier is set; it stays as it is where logits come from anything but a fully
  ///   connected layer.
  /// - Precondition: the engine is for evaluation.
  func recalibrate(on loader: ChunkLoader, count: Int, refits: Bool) {
    let lanes = ActivationValue.lanes
    let chunks = count / lanes
    let images = (0..<chunks * lanes).map { AugmentedImage(index: $0) }
    let classifier = refits ? self.classifier : nil
    let features = AlignedBuffer(count: (classifier?.input.channels ?? 0) * images.count)
    limitingBLASThreads {
      var seen = 0
      while seen < chunks {
        let now = min(Self.recalibrationGroup, chunks - seen)
        engine.recordStatistics(images[seen * lanes..<(seen + now) * lanes], loader: loader) {
          [seen] chunk, context in
          guard let input = classifier?.input else { return }
          let values = context.values(input)
          for image in 0..<lanes {
            let row = features.pointer + ((seen + chunk) * lanes + image) * input.channels
            for channel in 0..<input.channels { row[channel] = values[channel * lanes + image] }
          }
        }
        seen += now
        engine.updateRunningStatistics(chunks: now, momentum: Float(now) / Float(seen))
      }
    }
    guard let classifier else { return }
    let fit = ClassifierFit(
      features: Array(UnsafeBufferPointer(start: features.pointer, count: features.count)),
      labels: loader.labels(images[...]).map { UInt8($0.main) }, classes: tape.logits.channels)
    (engine.parameters.pointer + classifier.weight).update(from: fit.weights, count: fit.weights.count)
    (engine.parameters.pointer + classifier.bias).update(from: fit.biases, count: fit.biases.count)
    engine.pack()
  }

  /// The fully connected layer that gives the logits: what it reads, and the offsets of its weight and bias; nil if there
  /// is none.
  private var classifier: (input: ActivationValue, weight: Int, bias: Int)? {
    for node in tape.nodes where node.writes == [tape.logits] {
      switch node {
      case let node as DirectConvolutionNode:
        return node.biasOffset.map { (node.geometry.input, node.weightOffset, $0) }
      case let node as BLASConvolutionNode:
        return node.biasOffset.map { (node.geometry.input, node.weightOffset, $0) }
      default: break
      }
    }
    return nil
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
    limitingBLASThreads {
      engine.evaluate(
        count: count, loader: loader, loss: SoftmaxCrossEntropy(classes: tape.logits.channels, smoothing: 0))
    }
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

  /// Runs `body` while the BLAS starts no threads below our workers.
  private func limitingBLASThreads<Result>(_ body: () -> Result) -> Result {
    guard algorithm == .blas, BLAS.threads != 1 else { return body() }
    let previous = BLAS.threads
    BLAS.setThreads(1)
    defer { BLAS.setThreads(previous) }
    return body()
  }
}
