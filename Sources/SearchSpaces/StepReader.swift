import ComputationGraph
import ConfigurationFiles

/// Reads steps and operations of a search-space file.
enum StepReader {
  private static let plainSteps = ["relu", "batchNorm"]
  private static let windowSteps = ["conv", "depthwise", "maxPool", "averagePool"]
  private static let mostSteps = 64

  /// `zero`, `identity`, a list of steps, or `{steps: […], strided: […]}`.
  static func operation(_ node: ConfigurationNode) throws(ConfigurationError) -> Operation {
    switch node.value {
    case .scalar:
      return try node.choice(among: ["zero", "identity"]) == "zero" ? .zero : .steps([], strided: nil)
    case .list: return .steps(try steps(node), strided: nil)
    case .mapping:
      var reader = try node.mapping()
      let plain = try steps(reader.node("steps"))
      let strided = try steps(reader.node("strided"))
      try reader.finish()
      return .steps(plain, strided: strided)
    }
  }

  /// A list of steps.
  static func steps(_ node: ConfigurationNode) throws(ConfigurationError) -> [Step] {
    var steps: [Step] = []
    for item in try node.list(count: 0...mostSteps) { steps.append(try step(item)) }
    return steps
  }

  private static func step(_ node: ConfigurationNode) throws(ConfigurationError) -> Step {
    if case .scalar(let text, _) = node.value {
      if windowSteps.contains(text) {
        throw node.error("'\(node.name)': the step '\(text)' needs its kernel, as in {\(text): {kernel: 3}}")
      }
      return try node.choice(among: plainSteps) == "relu" ? .relu : .batchNorm
    }
    let mapping = try node.mapping()
    guard mapping.entries.count == 1 else {
      throw node.error(
        "'\(node.name)' must be one step, found \(mapping.entries.count) keys; a step is one item of the list"
      )
    }
    let entry = mapping.entries[0]
    guard windowSteps.contains(entry.key) else {
      let hint = NearestName.hint(for: entry.key, among: plainSteps + windowSteps)
      throw node.error("unknown step '\(entry.key.prefix(64))'\(hint)")
    }
    var reader = try entry.value.mapping()
    let window = StepWindow(
      kernel: try kernel(reader.node("kernel")), stride: try stride(reader.optionalNode("stride")),
      dilation: try reader.optionalInt("dilation", in: 1...16) ?? 1,
      padding: try reader.optionalInt("padding", in: 0...64))
    let step: Step
    switch entry.key {
    case "conv":
      step = .convolution(
        window, groups: try reader.optionalInt("groups", in: 1...4096) ?? 1,
        expansion: try reader.optionalInt("expansion", in: 1...16) ?? 1)
    case "depthwise": step = .depthwise(window)
    case "maxPool": step = .maxPool(window)
    default: step = .averagePool(window, countsPadding: try reader.optionalBool("countsPadding") ?? false)
    }
    try reader.finish()
    return step
  }

  private static func kernel(_ node: ConfigurationNode) throws(ConfigurationError) -> Size2D {
    guard case .list = node.value else { return Size2D(try node.int(in: 1...31)) }
    let sides = try node.list(count: 2...2)
    return Size2D(height: try sides[0].int(in: 1...31), width: try sides[1].int(in: 1...31))
  }

  private static func stride(_ node: ConfigurationNode?) throws(ConfigurationError) -> StepWindow.Stride {
    guard let node else { return .fixed(1) }
    if case .scalar("edge", _) = node.value { return .edge }
    guard case .scalar(let text, true) = node.value, Int(text) != nil else {
      throw node.error("'\(node.name)' must be a number or 'edge', the stride of the operation's edge")
    }
    return .fixed(try node.int(in: 1...8))
  }
}
