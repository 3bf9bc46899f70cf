import ComputationGraph
import Foundations

/// What a supernet, whose networks share their weights, needs to know of a space.
extension SearchSpace {
  /// The values of the decision `stemChannels`, ascending.
  public var widths: [Int] { skeleton.stemChannels.sorted() }

  /// The values of the decision `cellsPerStage`, ascending.
  public var depths: [Int] { skeleton.cellsPerStage.sorted() }

  /// The network of an architecture with its weights called after what they compute: two architectures whose weights
  /// have the same name apply the same step of the same operation to the same edge of the same cell.
  ///
  /// It is the network of ``trainingGraph(for:input:)``, operator by operator; only names differ, and only where a block
  /// picks the states that it reads.
  ///
  /// - Throws: what ``trainingGraph(for:input:)`` throws.
  public func sharedGraph(for architecture: Architecture, input: InputSpecification)
    throws(SearchSpaceError) -> Graph
  {
    try trainingGraph(for: architecture, input: input, naming: .sources)
  }

  /// The architecture with another width and depth.
  public func resized(_ architecture: Architecture, width: Int, depth: Int) -> Architecture {
    var choices = architecture.choices
    choices[NetworkSkeleton.stemChannelsName] = String(width)
    choices[NetworkSkeleton.cellsPerStageName] = String(depth)
    return Architecture(space: architecture.space, choices: choices)
  }

  /// The width of an architecture, and how many cells each of its stages has.
  ///
  /// - Precondition: the architecture is valid.
  public func size(of architecture: Architecture) -> (width: Int, depth: Int) {
    (
      Int(architecture.choices[NetworkSkeleton.stemChannelsName]!)!,
      Int(architecture.choices[NetworkSkeleton.cellsPerStageName]!)!
    )
  }

  /// An architecture of a given width and depth, drawn uniformly, disconnected ones included.
  public func sampleArchitecture(width: Int, depth: Int, using generator: inout SeededGenerator)
    -> Architecture
  {
    var choices: [String: String] = [:]
    for decision in architectureDecisions {
      choices[decision.name] = decision.values.randomElement(using: &generator)!
    }
    return resized(Architecture(space: name, choices: choices), width: width, depth: depth)
  }
}
