import ConfigurationFiles

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
