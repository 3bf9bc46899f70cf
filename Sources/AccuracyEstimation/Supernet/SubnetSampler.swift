import ComputationGraph
import Foundations
import SearchSpaces
import Training

/// Draws the networks that a supernet trains, step by step.
///
/// Networks that connect nothing or are not admitted are drawn again. What a step trains depends on its number and the
/// seed alone, so that a training can go on anywhere.
public struct SubnetSampler: Sendable {
  private let space: SearchSpace
  private let input: InputSpecification
  private let configuration: SupernetConfiguration
  private let isAdmitted: @Sendable (Architecture) -> Bool

  /// Draws in vain before a step gives up.
  private static let maximumDraws = 10_000

  /// Creates a sampler. - Precondition: the configuration is valid for the space.
  ///
  /// - Parameter isAdmitted: whether an architecture is worth training, because it fits a device for example.
  public init(
    space: SearchSpace, input: InputSpecification, configuration: SupernetConfiguration,
    isAdmitted: @escaping @Sendable (Architecture) -> Bool = { _ in true }
  ) {
    self.space = space
    self.input = input
    self.configuration = configuration
    self.isAdmitted = isAdmitted
  }

  /// The networks of a step.
  ///
  /// - Throws: `TrainingError.noNetwork` if no admitted network is found.
  public func step(_ step: Int, of steps: Int) throws(TrainingError) -> SupernetStep {
    let (architectures, refused) = try architectures(step, of: steps)
    var subnets: [Subnet] = []
    for architecture in architectures {
      guard let subnet = try Subnet(architecture, in: space, input: input) else { continue }
      subnets.append(subnet)
    }
    return SupernetStep(subnets: subnets, refused: refused)
  }

  /// The architectures of a step, and how many were drawn in vain.
  ///
  /// - Throws: see ``step(_:of:)``.
  package func architectures(_ step: Int, of steps: Int) throws(TrainingError) -> (
    admitted: [Architecture], refused: Int
  ) {
    let (widths, depths) = sizes(step, of: steps)
    var generator = SeededGenerator(seed: configuration.training.seed, stream: 2 + UInt64(step))
    var admitted: [Architecture] = []
    var draws = 0
    let wanted: Int
    switch configuration.sampling {
    case .independent(let subnets): wanted = subnets
    case .sandwich: wanted = 1
    }
    for _ in 0..<wanted {
      var chosen: [Architecture] = []
      for _ in 0..<Self.maximumDraws where chosen.isEmpty {
        let drawn = space.sampleArchitecture(
          width: widths.randomElement(using: &generator)!, depth: depths.randomElement(using: &generator)!,
          emphasis: configuration.operationEmphasis, using: &generator)
        draws += 1
        switch configuration.sampling {
        case .independent: chosen = accepts(drawn) ? [drawn] : []
        case .sandwich(let subnets):
          chosen = sandwich(drawn, subnets: subnets, widths: widths, depths: depths, using: &generator)
        }
      }
      if chosen.isEmpty {
        throw .noNetwork(
          reason:
            "none of \(Self.maximumDraws) networks drawn from the space '\(space.name)' is connected and fits"
        )
      }
      admitted += chosen
    }
    return (admitted, draws - wanted)
  }

  /// The sizes that are trained in a step.
  private func sizes(_ step: Int, of steps: Int) -> (widths: [Int], depths: [Int]) {
    let total = configuration.phases.reduce(0) { $0 + $1.share }
    var end = 0.0
    for (index, phase) in configuration.phases.enumerated() {
      end += phase.share
      // The last phase catches what rounding leaves.
      if Double(step) < end / total * Double(steps) || index + 1 == configuration.phases.count {
        return (phase.widths ?? space.widths, phase.depths ?? space.depths)
      }
    }
    return (space.widths, space.depths)
  }

  /// The largest admitted size of a drawn architecture, the smallest, and random ones between; empty if none is
  /// admitted.
  private func sandwich(
    _ drawn: Architecture, subnets: Int, widths: [Int], depths: [Int],
    using generator: inout SeededGenerator
  ) -> [Architecture] {
    let sizes = widths.flatMap { width in depths.map { (width: width, depth: $0) } }
    let ascending = sizes.sorted {
      // The work grows with the square of the width.
      ($0.width * $0.width * $0.depth, $0.width) < ($1.width * $1.width * $1.depth, $1.width)
    }
    let admitted = ascending.map { space.resized(drawn, width: $0.width, depth: $0.depth) }.filter(accepts)
    guard let largest = admitted.last else { return [] }
    var chosen = [largest]
    if admitted.count > 1 { chosen.append(admitted[0]) }
    while chosen.count < subnets, admitted.count > 2 {
      chosen.append(admitted[1..<admitted.count - 1].randomElement(using: &generator)!)
    }
    return chosen
  }

  private func accepts(_ architecture: Architecture) -> Bool {
    (try? space.trainingGraph(for: architecture, input: input)) != nil && isAdmitted(architecture)
  }
}

extension Subnet {
  /// The subnet of an architecture; nil if the architecture connects nothing.
  ///
  /// - Throws: `TrainingError.unsupportedGraph` if the space cannot build it for other reasons.
  public init?(_ architecture: Architecture, in space: SearchSpace, input: InputSpecification)
    throws(TrainingError)
  {
    let graph: Graph
    let largest: Graph
    do throws(SearchSpaceError) {
      let size = space.size(of: architecture)
      graph = try space.sharedGraph(for: architecture, input: input)
      largest = try space.sharedGraph(
        for: space.resized(architecture, width: space.widths.last!, depth: size.depth), input: input)
    } catch {
      if case .disconnected = error { return nil }
      throw .unsupportedGraph(reason: error.description)
    }
    try self.init(graph: graph, largest: largest)
  }
}
