import ComputationGraph
import ConfigurationFiles

extension SearchSpace {
  /// The largest network, in steps, that a file may describe.
  private static let mostSteps = 200_000

  /// Checks what no single key can tell: that cells are used, that operations fit their edges, that networks can be
  /// built and that there is something to search.
  func check(
    operationEntries: [ConfigurationNode.Entry], cellsNode: ConfigurationNode, networkNode: ConfigurationNode
  ) throws(ConfigurationError) {
    var roles: [String: Set<Int>] = [skeleton.cell: [1]]  // Strides of the edges from a cell's inputs.
    if case .cell(let name) = skeleton.reduction { roles[name, default: []].insert(2) }
    for (cell, entry) in zip(cells, try cellsNode.mapping().entries) {
      guard let strides = roles[cell.name] else {
        throw ConfigurationError(
          file: cellsNode.file.relativePath, line: entry.line,
          reason: "the cell '\(cell.name)' is not used by 'network'")
      }
      guard cell.operations.contains(where: { operations[$0]! != .zero }) else {
        throw entry.value.error("'\(entry.value.name)' has no operation that computes anything")
      }
      for name in cell.operations {
        let definition = operationEntries.first { $0.key == name }!
        for stride in strides.union([1]).sorted() {
          try checkShape(of: operations[name]!, stride: stride, definition, cell: cell.name)
        }
      }
      if cell.inputs > 1, skeleton.stages > 1, !cell.preprocessing!.contains(where: \.takesEdgeStride) {
        throw entry.value.error(
          "'\(entry.value.name).preprocessing' needs a step with 'stride: edge', for inputs from before a reduction"
        )
      }
    }
    guard (architectureDecisions + policyDecisions).contains(where: { $0.values.count > 1 }) else {
      throw networkNode.error("the space has a single candidate: give some decision more than one value")
    }
    try checkSize(networkNode)
    try checkNetwork(networkNode)
  }

  /// An operation keeps the width and divides the image's sides by its edge's stride, so that results can be added.
  private func checkShape(
    of operation: Operation, stride: Int, _ definition: ConfigurationNode.Entry, cell: String
  ) throws(ConfigurationError) {
    guard let steps = operation.steps(edgeStride: stride) else { return }
    let side = 64
    let width = skeleton.stemChannels[0]
    var lowering = StepLowering(name: "check")
    let x = lowering.builder.input("x", shape: [1, width, side, side])
    let found: TensorShape
    do {
      let result = try lowering.add(steps, to: x, width: width, edgeStride: stride, prefix: definition.key)
      found = lowering.builder.shape(of: result)
    } catch {
      throw ConfigurationError(
        file: definition.value.file.relativePath, line: definition.line, reason: error.description)
    }
    let expected: TensorShape = [1, width, side / stride, side / stride]
    guard found == expected else {
      throw ConfigurationError(
        file: definition.value.file.relativePath, line: definition.line,
        reason:
          "the operation '\(definition.key)' of the cell '\(cell)' turns 1×\(width)×\(side)×\(side) into "
          + "\(found) on an edge of stride \(stride); expected \(expected)"
          + (stride > 1 ? " (give a step 'stride: edge', or 'strided' steps)" : ""))
    }
  }

  private func checkSize(_ node: ConfigurationNode) throws(ConfigurationError) {
    let longest =
      operations.values.map { operation in
        max(operation.steps(edgeStride: 1)?.count ?? 0, operation.steps(edgeStride: 2)?.count ?? 0) + 1
      }.max() ?? 1
    let edges =
      cells.map { cell in
        switch cell.topology {
        case .edges(let nodes): nodes * nodes / 2
        case .blocks(let count, let inputsPerBlock, _, _): count * inputsPerBlock
        }
      }.max() ?? 1
    let steps = skeleton.stages * (skeleton.cellsPerStage.max()! + 1) * edges * longest
    guard steps <= Self.mostSteps else {
      throw node.error("the largest network would have up to \(steps) steps, more than \(Self.mostSteps)")
    }
  }

  /// Builds one connected network of each width for an image that every reduction can halve.
  private func checkNetwork(_ node: ConfigurationNode) throws(ConfigurationError) {
    let side = 1 << (skeleton.stages + 3)
    for channels in skeleton.stemChannels {
      var choices: [String: String] = [:]
      for decision in architectureDecisions {
        choices[decision.name] = decision.values.first { operations[$0] != .zero } ?? decision.values[0]
      }
      choices[NetworkSkeleton.stemChannelsName] = String(channels)
      var lowering = NetworkLowering(Architecture(space: name, choices: choices), in: self)
      do {
        _ = try lowering.graph(
          input: InputSpecification(channels: 3, height: side, width: side, classes: 10))
      } catch {
        throw node.error("\(error)")
      }
    }
  }
}
