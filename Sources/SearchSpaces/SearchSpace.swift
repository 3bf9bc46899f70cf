/// A search space: networks built from searched cells, and the scheduling policies that are searched with them.
///
/// Spaces are YAML files (`Formats/SearchSpace.schema.json` describes them). Every choice is a ``Decision`` between
/// a few named values, independent of all others, so that sampling, mutating and crossing candidates can never
/// leave the space.
///
///     let space = try SearchSpace.load(from: url)
///     var generator = SeededGenerator(seed: 7)
///     let candidate = space.sample(using: &generator)
///     let graph = try space.trainingGraph(
///       for: candidate.architecture, input: InputSpecification(channels: 1, height: 28, width: 28, classes: 10))
public struct SearchSpace: Hashable, Sendable {
  /// The name, which architectures carry.
  public let name: String
  /// What the space is, for people.
  public let description: String
  /// Equal for files that define the same space, whatever their layout and comments: 16 hexadecimal digits.
  public let fingerprint: String
  /// The decisions of an architecture: `stemChannels`, `cellsPerStage`, then those of the cells.
  public let architectureDecisions: [Decision]
  /// The decisions of a scheduling policy: `fusion`, `scheduler`, `rowTile`.
  public let policyDecisions: [Decision]

  let operations: [String: Operation]
  let operationNames: [String]
  let cells: [CellSpecification]
  let skeleton: NetworkSkeleton

  /// The number of architectures, disconnected ones included, as exact decimal text.
  public var architectureCount: String { DecimalProduct.text(of: architectureDecisions.map(\.values.count)) }

  /// The number of scheduling policies.
  public var policyCount: String { DecimalProduct.text(of: policyDecisions.map(\.values.count)) }

  /// The number of candidates: architectures times policies.
  public var candidateCount: String {
    DecimalProduct.text(of: (architectureDecisions + policyDecisions).map(\.values.count))
  }

  /// The operations in the file's order, each with its steps in words.
  public var operationSummaries: [(name: String, steps: String)] {
    operationNames.map { name in
      switch operations[name]! {
      case .zero: (name, "nothing")
      case .steps([], _): (name, "identity")
      case .steps(let steps, _): (name, steps.map(\.summary).joined(separator: ", "))
      }
    }
  }

  /// The cell of this name. - Precondition: it exists; files are checked when they are read.
  func cell(named name: String) -> CellSpecification { cells.first { $0.name == name }! }
}
