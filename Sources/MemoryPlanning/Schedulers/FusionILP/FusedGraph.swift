import ComputationGraph

/// A graph whose operators are joined to blocks: sequences that run without anything in between.
///
/// Every block has an operator as its anchor, whose index names the block. Blocks are joined in two ways only:
/// followers are appended to a block after which they can run, or preparations are put in front of the only block that
/// waits for them. In both the anchor stays, and a block precedes another if and only if its anchor precedes the
/// other's anchor in the graph: a follower comes after the anchor, so that what it has to precede comes after the
/// anchor too, and all that precedes it precedes the anchor or is in the block; preparations likewise.
struct FusedGraph {
  let problem: MemoryProblem
  /// The order of the operators, and thereby of the blocks by their anchors.
  let order: PartialOrder
  /// The anchor of the block that each operator is in.
  private(set) var block: [Int]
  /// The operators of each block in the order in which they run, by anchor; empty for operators that are no anchor.
  private(set) var members: [[Int]]

  /// Every operator by itself.
  init(_ problem: MemoryProblem) {
    self.problem = problem
    order = PartialOrder(predecessors: problem.graph.predecessors.map { $0.map(\.index) })
    block = Array(problem.graph.operators.indices)
    members = block.map { [$0] }
  }

  /// The anchors, ascending.
  var anchors: [Int] { members.indices.filter { !members[$0].isEmpty } }

  /// The blocks that wait for an operator of a block, ascending.
  func successors(of anchor: Int) -> [Int] { neighbours(of: anchor, problem.graph.successors) }

  /// The blocks that an operator of a block waits for, ascending.
  func predecessors(of anchor: Int) -> [Int] { neighbours(of: anchor, problem.graph.predecessors) }

  private func neighbours(of anchor: Int, _ edges: [[OperatorID]]) -> [Int] {
    var found: Set<Int> = []
    for member in members[anchor] { for edge in edges[member] { found.insert(block[edge.index]) } }
    found.remove(anchor)
    return found.sorted()
  }

  /// Appends the operators of `followers` to a block.
  mutating func append(_ followers: [Int], to anchor: Int) {
    for follower in followers {
      members[anchor] += members[follower]
      release(follower, to: anchor)
    }
  }

  /// Puts the operators of `preparations` in front of a block.
  mutating func prepend(_ preparations: [Int], to anchor: Int) {
    members[anchor] = preparations.flatMap { members[$0] } + members[anchor]
    for preparation in preparations { release(preparation, to: anchor) }
  }

  private mutating func release(_ other: Int, to anchor: Int) {
    for member in members[other] { block[member] = anchor }
    members[other] = []
  }

  /// The blocks in the order in which their anchors stand in a valid order of the operators.
  func blocks(inOrderOf operators: [OperatorID]) -> [Int] {
    operators.map(\.index).filter { !members[$0].isEmpty }
  }

  /// The operators of a sequence of blocks.
  func operators(of blocks: [Int]) -> [OperatorID] { blocks.flatMap { members[$0] }.map(OperatorID.init) }
}
