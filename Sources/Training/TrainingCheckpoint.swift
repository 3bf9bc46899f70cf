import ComputationGraph
import Foundation
import Foundations

/// The whole state of a training between two steps: weights, what the optimiser and the average remember, random numbers,
/// order of images, history.
public struct TrainingCheckpoint: Sendable, Hashable {
  /// Steps finished.
  public let step: Int
  /// The weights, running statistics included; with averaging, not the average.
  public let weights: WeightValues
  let identity: Identity
  let generator: SeededGenerator
  let order: [Int]
  let nextImage: Int
  let recorder: EpochRecorder.State
  let memory: WeightValues

  init(
    identity: Identity, step: Int, generator: SeededGenerator, order: [Int], nextImage: Int,
    recorder: EpochRecorder.State, weights: WeightValues, memory: WeightValues
  ) {
    self.identity = identity
    self.step = step
    self.generator = generator
    self.order = order
    self.nextImage = nextImage
    self.recorder = recorder
    self.weights = weights
    self.memory = memory
  }

  /// What must be equal for a training to continue as if it had not stopped.
  struct Identity: Codable, Hashable, Sendable {
    let configuration: TrainingConfiguration
    let dataset: String
    let validation: String?
    let normalization: Normalization
    let instructionSet: InstructionSet
    let algorithm: ConvolutionAlgorithm

    init(
      trainer: Trainer, dataset: ImageDataset, normalization: Normalization, validation: ImageDataset?
    ) {
      var configuration = trainer.configuration
      configuration.threads = 1
      self.configuration = configuration
      self.dataset = dataset.fingerprint
      self.validation = validation?.fingerprint
      self.normalization = normalization
      instructionSet = trainer.instructionSet
      algorithm = trainer.algorithm
    }

    /// Why a training with `other` is not a continuation, as a sentence; nil if it is.
    func difference(from other: Identity) -> String? {
      if configuration.seed != other.configuration.seed { return "its seed is another" }
      if configuration.epochs != other.configuration.epochs {
        return "it is of a training of \(configuration.epochs) epochs, not \(other.configuration.epochs)"
      }
      if configuration != other.configuration { return "its training configuration is another" }
      if dataset != other.dataset || normalization != other.normalization {
        return "its training images are others"
      }
      if validation != other.validation { return "its validation images are others" }
      if instructionSet != other.instructionSet || algorithm != other.algorithm {
        return
          "it was made with \(instructionSet.rawValue) instructions and this processor uses "
          + "\(other.instructionSet.rawValue), so that the result would be another"
      }
      return nil
    }
  }

  /// Whether the numbers fit a training of so many images and steps.
  func fits(images: Int, steps: Int) -> Bool {
    guard (0...steps).contains(step), order.count == images, (0...images).contains(nextImage) else {
      return false
    }
    let state = recorder
    guard (0...Int.max / 2).contains(state.images), (0...state.images).contains(state.epochImages),
      (0...state.epochImages).contains(state.sums.correct)
    else { return false }
    var seen = [Bool](repeating: false, count: images)
    for index in order {
      guard (0..<images).contains(index), !seen[index] else { return false }
      seen[index] = true
    }
    return true
  }
}

extension ImageDataset {
  /// A hash of sizes, pixels and labels: equal for equal images, whatever their names.
  var fingerprint: String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for part in [images, labels] {
      part.withUnsafeBufferPointer { bytes in
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
      }
    }
    return "\(count)×\(channels)×\(height)×\(width) \(String(hash, radix: 16))"
  }
}
