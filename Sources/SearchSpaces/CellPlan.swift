/// One architecture's cell, reduced to what its output depends on.
///
/// States are numbered: first the cell's inputs, then its nodes or blocks. An absent edge contributes nothing, a
/// state whose edges are all absent does not exist, and what does not reach the output is not built.
struct CellPlan {
  /// One edge into a state.
  struct Edge {
    let source: Int
    let operation: String
    /// The edge's part of an operator's name.
    let label: String
  }

  /// The edges into each state that are to be built; empty for the inputs and for states that are not needed.
  let edges: [[Edge]]
  /// The states that the output concatenates, or the one that it is; empty if the cell is disconnected.
  let outputs: [Int]
  /// Whether each input of the cell is read.
  let readsInput: [Bool]

  init(
    _ cell: CellSpecification, choices: [String: String], operations: [String: Operation],
    naming: EdgeNaming = .slots
  ) {
    let (wired, declaredOutputs) = Self.wiring(of: cell, choices, naming)
    var exists = [Bool](repeating: true, count: cell.inputs)
    var living: [[Edge]] = []
    for (state, edges) in wired.enumerated() {
      let kept = edges.filter { exists[$0.source] && operations[$0.operation]! != .zero }
      living.append(kept)
      if state >= cell.inputs { exists.append(!kept.isEmpty) }
    }
    outputs = declaredOutputs.filter { exists[$0] }
    var needed = [Bool](repeating: false, count: wired.count)
    for output in outputs { needed[output] = true }
    for state in wired.indices.reversed() where needed[state] {
      for edge in living[state] { needed[edge.source] = true }
    }
    edges = wired.indices.map { needed[$0] ? living[$0] : [] }
    readsInput = Array(needed.prefix(cell.inputs))
  }

  private static func wiring(
    of cell: CellSpecification, _ choices: [String: String], _ naming: EdgeNaming
  ) -> (edges: [[Edge]], outputs: [Int]) {
    var edges = [[Edge]](repeating: [], count: cell.inputs)
    switch cell.topology {
    case .edges(let nodes):
      for target in cell.inputs..<nodes {
        edges.append(
          (0..<target).map {
            Edge(source: $0, operation: choices[cell.edgeName($0, target)]!, label: "edge\($0)-\(target)")
          })
      }
      return (edges, [nodes - 1])
    case .blocks(let count, let inputsPerBlock, _, let output):
      var isRead = [Bool](repeating: false, count: cell.inputs + count)
      for block in 0..<count {
        let names = choices[cell.inputsName(block)]!.split(separator: ",").map(String.init)
        let sources = names.map { name in (0..<cell.inputs + block).first { cell.stateName($0) == name }! }
        for source in sources { isRead[source] = true }
        edges.append(
          (0..<inputsPerBlock).map { slot in
            let label =
              switch naming {
              case .slots: "input\(slot)"
              case .sources: Self.sourceLabel(cell, sources, slot)
              }
            return Edge(
              source: sources[slot], operation: choices[cell.operationName(block, slot)]!,
              label: "block\(block).\(label)")
          })
      }
      let blocks = cell.inputs..<cell.inputs + count
      switch output {
      case .allBlocks: return (edges, Array(blocks))
      case .unreadBlocks: return (edges, blocks.filter { !isRead[$0] })
      }
    }
  }

  /// The state that a slot reads; a state that earlier slots of the block read as well is numbered.
  private static func sourceLabel(_ cell: CellSpecification, _ sources: [Int], _ slot: Int) -> String {
    let name = cell.stateName(sources[slot])
    let earlier = sources.prefix(slot).count { $0 == sources[slot] }
    return earlier == 0 ? name : "\(name).\(earlier)"
  }
}

/// What the edges into a block are called after, and with them their operators and weights.
enum EdgeNaming {
  /// The slot of the block: as short as can be.
  case slots
  /// The state that is read: equal names in two architectures are the same edge.
  case sources
}
