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

  /// An architecture of a given width and depth, disconnected ones included.
  ///
  /// - Parameter emphasis: how many times as often an operation with weights is drawn as one without; with 1, all
  ///   architectures are drawn with equal probability.
  /// - Precondition: `emphasis` is positive and finite.
  public func sampleArchitecture(
    width: Int, depth: Int, emphasis: Double = 1, using generator: inout SeededGenerator
  ) -> Architecture {
    let picks = Set(cells.flatMap(\.operationDecisionNames))
    var choices: [String: String] = [:]
    for decision in architectureDecisions {
      choices[decision.name] =
        picks.contains(decision.name)
        ? sampleOperation(of: decision.values, emphasis: emphasis, using: &generator)
        : decision.values.randomElement(using: &generator)!
    }
    return resized(Architecture(space: name, choices: choices), width: width, depth: depth)
  }

  private func sampleOperation(
    of names: [String], emphasis: Double, using generator: inout SeededGenerator
  ) -> String {
    let weights = names.map { operations[$0]!.hasWeights ? emphasis : 1 }
    var rest = Double.random(in: 0..<weights.reduce(0, +), using: &generator)
    for (name, weight) in zip(names, weights) {
      rest -= weight
      if rest < 0 { return name }
    }
    return names.last!  // Where the sum was rounded up.
  }
}
