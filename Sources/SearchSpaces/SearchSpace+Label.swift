extension SearchSpace {
  /// The searched cells in a short text form, without widths and depths.
  ///
  /// Cells of edges: NAS-Bench-201's own string, `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`. Cells of blocks: a genotype,
  /// `op(state)+op(state)` per block, joined by ` | `. Several cells are named and joined by ` ; `.
  ///
  /// - Precondition: the architecture is valid.
  public func label(_ architecture: Architecture) -> String {
    let texts = cells.map { cell in
      switch cell.topology {
      case .edges(let nodes): Self.edgesLabel(cell, nodes: nodes, architecture.choices)
      case .blocks(let count, let perBlock, _, _):
        Self.blocksLabel(cell, count: count, perBlock: perBlock, architecture.choices)
      }
    }
    if texts.count == 1 { return texts[0] }
    return zip(cells, texts).map { "\($0.name): \($1)" }.joined(separator: " ; ")
  }

  /// The label with the choices of width and depth before it: `8 channels × 2 cells |nor_conv_3x3~0|+…`.
  ///
  /// - Precondition: the architecture is valid.
  public func fullLabel(_ architecture: Architecture) -> String {
    let channels = architecture.choices[NetworkSkeleton.stemChannelsName]!
    let depth = architecture.choices[NetworkSkeleton.cellsPerStageName]!
    return "\(channels) channels × \(depth) cell\(depth == "1" ? "" : "s") \(label(architecture))"
  }

  private static func edgesLabel(_ cell: CellSpecification, nodes: Int, _ choices: [String: String]) -> String
  {
    (cell.inputs..<nodes).map { target in
      "|" + (0..<target).map { "\(choices[cell.edgeName($0, target)]!)~\($0)|" }.joined()
    }.joined(separator: "+")
  }

  private static func blocksLabel(
    _ cell: CellSpecification, count: Int, perBlock: Int, _ choices: [String: String]
  ) -> String {
    (0..<count).map { block in
      let states = choices[cell.inputsName(block)]!.split(separator: ",")
      return (0..<perBlock).map { "\(choices[cell.operationName(block, $0)]!)(\(states[$0]))" }
        .joined(separator: "+")
    }.joined(separator: " | ")
  }
}
