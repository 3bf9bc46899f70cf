import CMicrokernels
import ComputationGraph
import Dispatch
import Foundation

/// The memory of a network in training, and the work of one step on it, divided over worker threads.
///
/// The unit of work is a chunk of images that passes the whole tape, forwards and backwards, on one thread: threads
/// meet once per step. Every chunk has gradients and batch statistics of its own, which are added in the order of
/// the chunks, so that neither the number of threads nor their timing changes a bit of the result.
final class TrainingEngine: @unchecked Sendable {
  // Unchecked: within a step, worker w writes only contexts[w], and chunk c only its slice of the gradients and
  // statistics; parameters, running statistics and packed weights are written between steps by one thread.

  let tape: TrainingTape
  let parameters: AlignedBuffer
  let runningStatistics: AlignedBuffer
  private let kernels: KernelTable
  private let packed: AlignedBuffer
  private let memory: TrainingMemory
  private let chunkGradients: AlignedBuffer
  private let chunkStatistics: AlignedBuffer
  /// By storage: of values, of gradients, and of values where only the forward pass runs.
  private let offsets: UnsafeMutablePointer<Int>
  private let workers: Int
  private let maximumChunks: Int

  init(
    tape: TrainingTape, kernels: KernelTable, workers: Int, maximumChunks: Int, memory: TrainingMemory
  ) {
    self.tape = tape
    self.kernels = kernels
    self.workers = min(workers, maximumChunks)
    self.maximumChunks = maximumChunks
    parameters = AlignedBuffer(count: tape.parameters.count)
    runningStatistics = AlignedBuffer(count: tape.parameters.statisticsCount)
    packed = AlignedBuffer(count: tape.packedCount)
    self.memory = memory
    chunkGradients = AlignedBuffer(count: tape.isForwardOnly ? 0 : tape.parameters.count * maximumChunks)
    chunkStatistics = AlignedBuffer(count: tape.parameters.statisticsCount * maximumChunks)
    let storages = tape.valueOffsets.count
    offsets = .allocate(capacity: 3 * storages)
    offsets.initialize(
      from: tape.valueOffsets + tape.gradientOffsets + tape.inferenceOffsets, count: 3 * storages)
  }

  deinit { offsets.deallocate() }

  /// Brings the parameters into the kernels' layouts: after every change.
  func pack() {
    run(chunks: tape.nodes.count) { [self] _, index in
      tape.nodes[index].pack(parameters: parameters.pointer, into: packed.pointer)
    }
  }

  /// The forward and backward pass of a batch: the sums of the loss; the mean gradient is left at the address
  /// that ``meanGradient`` gives.
  ///
  /// - Precondition: the images are a multiple of a chunk, and no more than the engine was made for.
  func step(_ images: [AugmentedImage], loader: ChunkLoader, loss: SoftmaxCrossEntropy)
    -> SoftmaxCrossEntropy.Sums
  {
    step(images, loader: loader) { _, logits, labels, gradient in
      loss.evaluate(logits: logits, labels: labels, count: labels.count, gradient: gradient)
    }
  }

  /// As ``step(_:loader:loss:)`` with any loss: `loss` gets the number of a chunk, its logits and labels, and writes the
  /// gradient of the logits; it is called on the chunk's worker.
  func step(
    _ images: [AugmentedImage], loader: ChunkLoader,
    loss:
      @escaping @Sendable (
        _ chunk: Int, _ logits: UnsafePointer<Float>, _ labels: [ImageLabel],
        _ gradient: UnsafeMutablePointer<Float>
      ) -> SoftmaxCrossEntropy.Sums
  ) -> SoftmaxCrossEntropy.Sums {
    let lanes = ActivationValue.lanes
    let chunks = images.count / lanes
    precondition(images.count % lanes == 0 && chunks > 0 && chunks <= maximumChunks)
    let partial = PartialSums(count: chunks)
    run(chunks: chunks) { [self] worker, chunk in
      let slice = images[chunk * lanes..<(chunk + 1) * lanes]
      let context = context(worker: worker, chunk: chunk, mode: .batch)
      loader.load(slice, into: context.values(tape.image))
      for node in tape.nodes { node.forward(context, mode: .batch) }
      partial[chunk] = loss(
        chunk, context.values(tape.logits), loader.labels(slice), context.gradient(tape.logits))
      context.parameterGradients.update(repeating: 0, count: tape.parameters.count)
      for node in tape.nodes.reversed() { node.backward(context) }
    }
    reduceGradients(chunks: chunks, images: images.count)
    return partial.total
  }

  /// Runs whole chunks of images forwards and keeps the statistics of their batch norms for
  /// ``updateRunningStatistics(chunks:momentum:)``.
  ///
  /// - Precondition: the images are a multiple of a chunk, and no more than the engine was made for.
  func recordStatistics(_ images: ArraySlice<AugmentedImage>, loader: ChunkLoader) {
    let lanes = ActivationValue.lanes
    let chunks = images.count / lanes
    precondition(images.count % lanes == 0 && chunks > 0 && chunks <= maximumChunks)
    run(chunks: chunks) { [self] worker, chunk in
      let first = images.startIndex + chunk * lanes
      let context = context(worker: worker, chunk: chunk, mode: .batch)
      loader.load(images[first..<first + lanes], into: context.values(tape.image))
      for node in tape.nodes { node.forward(context, mode: .batch) }
    }
  }

  /// The gradient of the mean loss after ``step(_:loader:loss:)``.
  var meanGradient: UnsafeMutablePointer<Float> { chunkGradients.pointer }

  /// Moves the running statistics towards the mean of the last step's chunks.
  func updateRunningStatistics(chunks: Int, momentum: Float) {
    let running = runningStatistics.pointer
    for entry in tape.parameters.statistics {
      // Variances are stored as the unbiased estimate, as is usual.
      let correction = Float(entry.samples) / Float(max(entry.samples - 1, 1))
      for index in 0..<2 * entry.channels {
        var sum: Float = 0
        for chunk in 0..<chunks {
          sum += chunkStatistics.pointer[chunk * tape.parameters.statisticsCount + entry.offset + index]
        }
        let mean = sum / Float(chunks) * (index < entry.channels ? 1 : correction)
        running[entry.offset + index] += momentum * (mean - running[entry.offset + index])
      }
    }
  }

  /// Sums over a data set, with running statistics, in chunks of images on all workers.
  func evaluate(count: Int, loader: ChunkLoader, loss: SoftmaxCrossEntropy) -> SoftmaxCrossEntropy.Sums {
    let partial = PartialSums(count: (count + ActivationValue.lanes - 1) / ActivationValue.lanes)
    infer(count: count, loader: loader) { [self] chunk, images, context in
      partial[chunk] = loss.evaluate(
        logits: context.values(tape.logits), labels: loader.labels(images), count: images.count, gradient: nil
      )
    }
    return partial.total
  }

  /// A value of one pixel for every image, with running statistics: [images][channels].
  ///
  /// - Precondition: only the node that gives the logits, or nothing, comes after those that read the value.
  func rows(of value: ActivationValue, count: Int, loader: ChunkLoader) -> [Float] {
    precondition(value.pixels == 1)
    let channels = value.channels
    let rows = AlignedBuffer(count: count * channels)
    infer(count: count, loader: loader) { chunk, images, context in
      let values = context.values(value)
      let lanes = ActivationValue.lanes
      for image in 0..<images.count {
        let row = rows.pointer + (chunk * lanes + image) * channels
        for channel in 0..<channels { row[channel] = values[channel * lanes + image] }
      }
    }
    return Array(UnsafeBufferPointer(start: rows.pointer, count: rows.count))
  }

  /// Runs all images forwards, with running statistics, and hands each chunk's activations to `body` on its worker.
  private func infer(
    count: Int, loader: ChunkLoader,
    _ body:
      @escaping @Sendable (_ chunk: Int, _ images: ArraySlice<AugmentedImage>, _ context: ChunkContext) ->
      Void
  ) {
    let lanes = ActivationValue.lanes
    run(chunks: (count + lanes - 1) / lanes) { [self] worker, chunk in
      let images = (chunk * lanes..<min(count, (chunk + 1) * lanes)).map { AugmentedImage(index: $0) }
      let context = context(worker: worker, chunk: 0, mode: .running)
      loader.load(images[...], into: context.values(tape.image))
      for node in tape.nodes { node.forward(context, mode: .running) }
      body(chunk, images[...], context)
    }
  }

  /// What the nodes of the tape work on when a worker passes a chunk.
  func context(worker: Int, chunk: Int, mode: NormalizationMode) -> ChunkContext {
    let storages = tape.valueOffsets.count
    return ChunkContext(
      kernels: kernels.table, arena: memory.arena(worker),
      valueOffsets: mode == .batch ? offsets : offsets + 2 * storages, gradientOffsets: offsets + storages,
      scratch: memory.scratch(worker),
      parameters: parameters.pointer, runningStatistics: runningStatistics.pointer,
      packedWeights: packed.pointer,
      parameterGradients: chunkGradients.pointer + chunk * tape.parameters.count,
      batchStatistics: chunkStatistics.pointer + chunk * tape.parameters.statisticsCount)
  }

  /// Adds the chunks' gradients in order, into the first, and divides by the number of images.
  private func reduceGradients(chunks: Int, images: Int) {
    let count = tape.parameters.count
    let factor = 1 / Float(images)
    let slice = 16_384
    run(chunks: (count + slice - 1) / slice) { [self] _, part in
      let start = part * slice
      let size = min(slice, count - start)
      let total = chunkGradients.pointer + start
      for chunk in 1..<max(chunks, 1) {
        let other = total + chunk * count
        for index in 0..<size { total[index] += other[index] }
      }
      for index in 0..<size { total[index] *= factor }
    }
  }

  /// Runs `body` once per chunk; each worker takes the next chunk that nobody has.
  private func run(chunks: Int, _ body: @escaping @Sendable (_ worker: Int, _ chunk: Int) -> Void) {
    // Another network may have used the memory since, so that this is where it is certain.
    memory.reserve(workers: workers, arenaCount: tape.arenaCount, scratchCount: tape.scratchCount)
    guard workers > 1, chunks > 1 else {
      for chunk in 0..<chunks { body(0, chunk) }
      return
    }
    let queue = ChunkQueue(count: chunks)
    DispatchQueue.concurrentPerform(iterations: min(workers, chunks)) { worker in
      while let chunk = queue.next() { body(worker, chunk) }
    }
  }
}

/// Hands out chunks to workers.
private final class ChunkQueue: @unchecked Sendable {
  // Unchecked: the lock guards the only variable.
  private let lock = NSLock()
  private var following = 0
  private let count: Int

  init(count: Int) { self.count = count }

  func next() -> Int? {
    lock.withLock {
      guard following < count else { return nil }
      following += 1
      return following - 1
    }
  }
}

/// The loss of each chunk, summed in the order of the chunks.
private final class PartialSums: @unchecked Sendable {
  // Unchecked: each chunk writes its own element, and the total is read after all have.
  private let sums: UnsafeMutableBufferPointer<SoftmaxCrossEntropy.Sums>

  init(count: Int) {
    sums = .allocate(capacity: count)
    sums.initialize(repeating: SoftmaxCrossEntropy.Sums())
  }

  deinit { sums.deallocate() }

  subscript(chunk: Int) -> SoftmaxCrossEntropy.Sums {
    get { sums[chunk] }
    set { sums[chunk] = newValue }
  }

  var total: SoftmaxCrossEntropy.Sums {
    var result = SoftmaxCrossEntropy.Sums()
    for part in sums { result += part }
    return result
  }
}
