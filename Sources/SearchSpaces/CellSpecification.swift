/// The cell of a search space: what is fixed and what is left open.
struct CellSpecification: Hashable, Sendable {
  /// How a cell is wired.
  enum Topology: Hashable, Sendable {
    /// A node sums the edges from all earlier nodes and each edge picks an operation; the cell's inputs are the first
    /// of `nodes` nodes and the last node is the output (NAS-Bench-201, arXiv 2001.00326).
    case edges(nodes: Int)
    /// A block sums the results of operations that it picks, each applied to an earlier state that it picks; the
    /// output concatenates blocks (NASNet, arXiv 1707.07012; DARTS, arXiv 1806.09055).
    case blocks(count: Int, inputsPerBlock: Int, distinctInputs: Bool, output: BlockOutput)
  }

  /// Which blocks the output concatenates.
  enum BlockOutput: String, CaseIterable, Hashable, Sendable {
    /// All (DARTS).
    case allBlocks
    /// Those that no other block reads (NASNet).
    case unreadBlocks
  }

  let name: String
  /// How many earlier results are read: 1, the last; 2, the last but one and the last.
  let inputs: Int
  /// Steps that bring an input to the cell's width and resolution; nil if it already has them.
  let preprocessing: [Step]?
  let topology: Topology
  /// Names of the operations to choose from.
  let operations: [String]

  /// The decisions, named after the cell.
  var decisions: [Decision] {
    switch topology {
    case .edges(let nodes):
      return (inputs..<nodes).flatMap { target in
        (0..<target).map { Decision(name: edgeName($0, target), values: operations) }
      }
    case .blocks(let count, let inputsPerBlock, let distinctInputs, _):
      return (0..<count).flatMap { block in
        let states = (0..<inputs + block).map(stateName)
        let choices = Self.selections(inputsPerBlock, of: states.count, distinct: distinctInputs)
        return [
          Decision(
            name: inputsName(block), values: choices.map { $0.map { states[$0] }.joined(separator: ",") })
        ] + (0..<inputsPerBlock).map { Decision(name: operationName(block, $0), values: operations) }
      }
    }
  }

  /// The names of the decisions between operations; the others pick what an operation reads.
  var operationDecisionNames: [String] {
    switch topology {
    case .edges: decisions.map(\.name)
    case .blocks(let count, let inputsPerBlock, _, _):
      (0..<count).flatMap { block in (0..<inputsPerBlock).map { operationName(block, $0) } }
    }
  }

  func edgeName(_ source: Int, _ target: Int) -> String { "\(name).edge\(source)-\(target)" }
  func inputsName(_ block: Int) -> String { "\(name).block\(block).inputs" }
  func operationName(_ block: Int, _ slot: Int) -> String { "\(name).block\(block).operation\(slot)" }

  /// `cell-2` and `cell-1` for the results of earlier cells, then `block0`…
  func stateName(_ state: Int) -> String {
    state < inputs ? "cell-\(inputs - state)" : "block\(state - inputs)"
  }

  /// All ascending selections of `count` among the numbers below `size`, in lexicographic order.
  ///
  /// - Complexity: linear in the result.
  static func selections(_ count: Int, of size: Int, distinct: Bool) -> [[Int]] {
    var result: [[Int]] = [[]]
    for _ in 0..<count {
      result = result.flatMap { selection in
        let first = selection.last.map { distinct ? $0 + 1 : $0 } ?? 0
        return first < size ? (first..<size).map { selection + [$0] } : []
      }
    }
    return result
  }
}
