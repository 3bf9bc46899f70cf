import ComputationGraph
import ConfigurationFiles

/// Reads the `policy` of a search space.
enum PolicyReader {
  static func decisions(_ node: ConfigurationNode, schedulers: [String]) throws(ConfigurationError)
    -> [Decision]
  {
    var reader = try node.mapping()
    var decisions: [Decision] = []
    for decision in PolicyDecision.allCases {
      // A space without the choice leaves it out: NCHW.
      let node =
        decision == .layout ? reader.optionalNode(decision.rawValue) : try reader.node(decision.rawValue)
      guard let node else { continue }
      let values = try node.distinctValues {
        item throws(ConfigurationError) -> String in
        switch decision {
        case .fusion: return try item.choice(of: FusionLevel.self).rawValue
        case .scheduler: return try item.choice(among: schedulers)
        case .layout: return try item.choice(of: TensorLayout.self).rawValue
        case .rowTile:
          if case .scalar(let text, _) = item.value, text == RowTile.whole.text || text == RowTile.fit.text {
            return text
          }
          guard case .scalar(let text, true) = item.value, Int(text) != nil else {
            throw item.error(
              "'\(item.name)' must be a number of rows, '\(RowTile.whole.text)' or '\(RowTile.fit.text)'")
          }
          return String(try item.int(in: 1...65_536))
        }
      }
      decisions.append(Decision(name: decision.rawValue, values: values))
    }
    try reader.finish()
    return decisions
  }
}
