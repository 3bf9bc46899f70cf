import ComputationGraph
import Kernels

/// A network that is looked into, chunk by chunk of 32 images, instead of being trained: what zero-cost proxies need.
///
/// All is computed in float32 on one thread; batch norms use the statistics of their chunk, as in training.
package final class NetworkProbe {
  /// Images of a pass.
  package static let chunkSize = ActivationValue.lanes

  /// What a pass is fed.
  package enum Images {
    /// The same value in every place of every image.
    case constant(Float)
    /// Images of a data set, from the one at `first` on. - Precondition: there are as many as a chunk has.
    case dataset(ImageDataset, Normalization, first: Int)
  }

  /// What a pass left.
  package struct Pass {
    /// One row of classes per image.
    package var logits: [[Float]]
    /// The gradient of the trainable weights, summed over the images, by name; empty without a backward pass.
    package var gradients = WeightValues()
    /// The gradient of each image's pixels, as [channel][row][column]; empty unless asked for.
    package var imageGradients: [[Float]] = []
  }

  private let tape: TrainingTape
  private let engine: TrainingEngine
  private let algorithm: ConvolutionAlgorithm
  private let needsImageGradient: Bool

  /// Prepares a network with given weights.
  ///
  /// - Parameters:
  ///   - graph: a network in training form.
  ///   - needsImageGradient: whether backward passes differentiate by the images, too.
  /// - Throws: ``TrainingError`` for a graph or weights that do not work.
  package init(
    graph: Graph, weights: WeightValues, needsImageGradient: Bool = false,
    algorithm: ConvolutionAlgorithm = .preferred, instructionSet: InstructionSet = .best
  ) throws(TrainingError) {
    if let name = weights.firstMismatch(with: graph) { throw .weightMismatch(weight: name) }
    let kernels = KernelTable(instructionSet)
    tape = try TrainingTape(
      graph, algorithm: algorithm, kernels: kernels, needsInputGradient: needsImageGradient)
    engine = TrainingEngine(
      tape: tape, kernels: kernels, workers: 1, maximumChunks: 1, memory: TrainingMemory())
    self.algorithm = algorithm
    self.needsImageGradient = needsImageGradient
    for slot in tape.parameters.slots {
      (engine.parameters.pointer + slot.offset).update(from: weights[slot.name]!, count: slot.count)
    }
    engine.pack()
  }

  /// Passes one chunk forwards and, where a gradient of the logits is given, backwards.
  ///
  /// - Parameters:
  ///   - codes: receives which ReLUs are active, if given.
  ///   - outputGradient: the gradient of each image's logits; nil for a forward pass alone.
  package func pass(
    _ images: Images, codes: ActivationCodes? = nil, outputGradient: (([[Float]]) -> [[Float]])? = nil
  ) -> Pass {
    let context = engine.context(worker: 0, chunk: 0, mode: .batch)
    load(images, into: context.values(tape.image))
    return algorithm.limitingBLASThreads {
      for node in tape.nodes {
        node.forward(context, mode: .batch)
        if let codes, let rectified = (node as? CombineNode)?.rectified {
          codes.add(context.values(rectified), units: rectified.count / Self.chunkSize)
        }
      }
      codes?.endChunk()
      var pass = Pass(
        logits: Self.rows(context.values(tape.logits), units: tape.logits.count / Self.chunkSize))
      guard let outputGradient else { return pass }
      for (image, row) in outputGradient(pass.logits).enumerated() {
        for (index, value) in row.enumerated() {
          context.gradient(tape.logits)[index * Self.chunkSize + image] = value
        }
      }
      context.parameterGradients.update(repeating: 0, count: tape.parameters.count)
      for node in tape.nodes.reversed() { node.backward(context) }
      for slot in tape.parameters.slots {
        pass.gradients[slot.name] = Array(
          UnsafeBufferPointer(start: context.parameterGradients + slot.offset, count: slot.count))
      }
      if needsImageGradient {
        pass.imageGradients = Self.rows(
          context.gradient(tape.image), units: tape.image.count / Self.chunkSize)
      }
      return pass
    }
  }

  private func load(_ images: Images, into chunk: UnsafeMutablePointer<Float>) {
    switch images {
    case .constant(let value): chunk.update(repeating: value, count: tape.image.count)
    case .dataset(let dataset, let normalization, let first):
      precondition(first + Self.chunkSize <= dataset.count, "fewer images than a chunk has")
      precondition(dataset.imageSize * Self.chunkSize == tape.image.count, "images of another size")
      let slice = (first..<first + Self.chunkSize).map { AugmentedImage(index: $0) }
      ChunkLoader(dataset: dataset, normalization: normalization).load(slice[...], into: chunk)
    }
  }

  /// Values [unit][image] as a row of units per image.
  private static func rows(_ values: UnsafePointer<Float>, units: Int) -> [[Float]] {
    (0..<chunkSize).map { image in (0..<units).map { values[$0 * chunkSize + image] } }
  }
}

/// Which ReLU units are active, a bit per unit, for every image that passed.
package final class ActivationCodes {
  /// The codes of the images, in the order in which they passed: 64 units a word, the last word filled with zeros.
  package private(set) var words: [[UInt64]] = []
  /// Units of a code.
  package private(set) var unitCount = 0
  private var chunk = [[UInt64]](repeating: [], count: NetworkProbe.chunkSize)
  private var filled = 0

  package init() {}

  /// Adds units of all images of a chunk, as [unit][image].
  func add(_ values: UnsafePointer<Float>, units: Int) {
    let lanes = NetworkProbe.chunkSize
    for unit in 0..<units {
      if filled % 64 == 0 { for image in 0..<lanes { chunk[image].append(0) } }
      let bit: UInt64 = 1 << UInt64(filled % 64)
      let word = filled / 64
      for image in 0..<lanes where values[unit * lanes + image] > 0 { chunk[image][word] |= bit }
      filled += 1
    }
  }

  /// Ends a chunk, whose images have codes now.
  func endChunk() {
    words += chunk
    unitCount = filled
    chunk = [[UInt64]](repeating: [], count: NetworkProbe.chunkSize)
    filled = 0
  }
}
