import ConfigurationFiles

/// Reads a cell of a search space.
enum CellReader {
  private enum Kind: String, CaseIterable { case edges, blocks }

  /// More values than this make a decision unreadable, and a file could ask for billions.
  private static let mostSelections = 1024

  static func cell(named name: String, _ node: ConfigurationNode, operations: [String])
    throws(ConfigurationError) -> CellSpecification
  {
    var reader = try node.mapping()
    let kind = try reader.choice("topology", of: Kind.self)
    let inputs = try reader.optionalInt("inputs", in: 1...2) ?? 1
    var preprocessing: [Step]?
    let preprocessingNode =
      inputs > 1 ? try reader.node("preprocessing") : reader.optionalNode("preprocessing")
    if let preprocessingNode { preprocessing = try StepReader.steps(preprocessingNode) }
    let topology: CellSpecification.Topology
    switch kind {
    case .edges: topology = .edges(nodes: try reader.int("nodes", in: (inputs + 1)...12))
    case .blocks: topology = try blocks(&reader, inputs: inputs)
    }
    let choices = try reader.node("operations").distinctValues { item throws(ConfigurationError) -> String in
      try item.choice(among: operations)
    }
    try reader.finish()
    return CellSpecification(
      name: name, inputs: inputs, preprocessing: preprocessing, topology: topology, operations: choices)
  }

  private static func blocks(_ reader: inout ConfigurationMapping, inputs: Int)
    throws(ConfigurationError) -> CellSpecification.Topology
  {
    let count = try reader.int("blocks", in: 1...12)
    let inputsPerBlock = try reader.optionalInt("inputsPerBlock", in: 1...4) ?? 2
    let distinct = try reader.optionalBool("distinctInputs") ?? false
    let output =
      try reader.optionalChoice("output", of: CellSpecification.BlockOutput.self)
      ?? CellSpecification.BlockOutput.allBlocks
    if distinct, inputsPerBlock > inputs {
      throw reader.node.error(
        "'\(reader.node.name)': the first block has \(inputs) earlier state\(inputs == 1 ? "" : "s") and cannot pick "
          + "\(inputsPerBlock) distinct inputs")
    }
    let largest = CellSpecification.selections(inputsPerBlock, of: inputs + count - 1, distinct: distinct)
      .count
    guard largest <= mostSelections else {
      throw reader.node.error(
        "'\(reader.node.name)' gives its last block \(largest) choices of inputs, too many")
    }
    return .blocks(count: count, inputsPerBlock: inputsPerBlock, distinctInputs: distinct, output: output)
  }
}
