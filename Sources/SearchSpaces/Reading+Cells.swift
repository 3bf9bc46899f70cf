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

/// Reads the `network` of a search space: what surrounds its cells.
enum SkeletonReader {
  static func skeleton(_ node: ConfigurationNode, cells: [String]) throws(ConfigurationError)
    -> NetworkSkeleton
  {
    var reader = try node.mapping()
    var stem = try reader.mapping("stem")
    let stemChannels = try stem.node("channels").distinctValues { item throws(ConfigurationError) -> Int in
      try item.int(in: 1...4096)
    }
    let stemMultiplier = try stem.optionalInt("multiplier", in: 1...16) ?? 1
    let stemSteps = try StepReader.steps(stem.node("steps"))
    try stem.finish()

    let stages = try reader.int("stages", in: 1...8)
    let cellsPerStage = try reader.node("cellsPerStage").distinctValues {
      item throws(ConfigurationError) -> Int in
      try item.int(in: 1...64)
    }
    let cell = try reader.choice("cell", among: cells)
    let reductionNode = stages > 1 ? try reader.node("reduction") : reader.optionalNode("reduction")
    var reduction: NetworkSkeleton.Reduction?
    var widthMultiplier = 2
    if let reductionNode {
      var mapping = try reductionNode.mapping()
      widthMultiplier = try mapping.optionalInt("widthMultiplier", in: 1...4) ?? 2
      reduction = try Self.reduction(&mapping, cells: cells)
      try mapping.finish()
    }
    let head = try StepReader.steps(reader.node("head"))
    try reader.finish()
    return NetworkSkeleton(
      stemChannels: stemChannels, stemMultiplier: stemMultiplier, stem: stemSteps, stages: stages,
      cellsPerStage: cellsPerStage, cell: cell, reduction: reduction, widthMultiplier: widthMultiplier,
      head: head)
  }

  private static func reduction(_ reader: inout ConfigurationMapping, cells: [String])
    throws(ConfigurationError) -> NetworkSkeleton.Reduction
  {
    let cell = reader.optionalNode("cell")
    let sum = reader.optionalNode("sum")
    switch (cell, sum) {
    case (let cell?, nil): return .cell(try cell.choice(among: cells))
    case (nil, let sum?):
      var chains: [[Step]] = []
      for item in try sum.list(count: 1...8) { chains.append(try StepReader.steps(item)) }
      return .sum(chains)
    default:
      // Unknown keys are the likelier mistake and are named first.
      try reader.finish()
      throw reader.node.error("'\(reader.node.name)' must have either 'cell' or 'sum'")
    }
  }
}
