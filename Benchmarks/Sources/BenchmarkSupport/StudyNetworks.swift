import ComputationGraph
import Foundation
import Foundations
import SearchSpaces

/// Sampled networks of the stock space, for the images of the stock experiment.
package struct StudyNetworks {
  /// A network.
  package struct Entry {
    package let label: String
    package let architecture: Architecture
    package let training: Graph

    package init(label: String, architecture: Architecture, training: Graph) {
      self.label = label
      self.architecture = architecture
      self.training = training
    }

    /// What stands for accuracy where nothing is trained: log₁₀ of the parameters and of the multiply–accumulates.
    package var score: Double { log10(Double(training.parameterCount)) + log10(Double(training.macs)) }
  }

  /// Grey images of Fashion-MNIST.
  package static let input = InputSpecification(channels: 1, height: 28, width: 28, classes: 10)

  package let space: SearchSpace
  package let entries: [Entry]

  /// These networks.
  package init(space: SearchSpace, entries: [Entry]) {
    self.space = space
    self.entries = entries
  }

  /// Draws `count` different connected networks of the space that `file` describes.
  package init(file: String, count: Int, seed: UInt64) throws {
    space = try SearchSpace.load(from: URL(fileURLWithPath: file))
    var generator = SeededGenerator(seed: seed)
    var entries: [Entry] = []
    var seen: Set<String> = []
    while entries.count < count {
      let architecture = space.sample(using: &generator).architecture
      guard seen.insert(architecture.key).inserted else { continue }
      let training: Graph
      do throws(SearchSpaceError) {
        training = try space.trainingGraph(for: architecture, input: Self.input)
      } catch {
        guard case .disconnected = error else { throw error }
        continue
      }
      entries.append(
        Entry(label: space.fullLabel(architecture), architecture: architecture, training: training))
    }
    self.entries = entries
  }
}
