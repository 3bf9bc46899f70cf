import ConfigurationFiles
import Foundation
import SearchSpaces
import Testing

@Suite struct ReadingTests {
  @Test func stockDecisions() throws {
    let space = try Spaces.stock("nasbench201")
    #expect(space.name == "nasbench201")
    #expect(
      space.architectureDecisions.map(\.name) == [
        "stemChannels", "cellsPerStage", "cell.edge0-1", "cell.edge0-2", "cell.edge1-2", "cell.edge0-3",
        "cell.edge1-3", "cell.edge2-3",
      ])
    #expect(space.architectureDecisions[0].values == ["4", "8", "12", "16", "24"])
    #expect(space.policyDecisions.map(\.name) == ["fusion", "scheduler", "rowTile"])
    #expect(space.policyDecisions[2].values == ["1", "2", "4", "8", "whole", "fit"])
    #expect(space.architectureCount == "156250")  // 5 · 2 · 5⁶
    #expect(space.policyCount == "36")
    #expect(space.candidateCount == "5625000")
    #expect(
      space.operationSummaries.map(\.steps)[0...3] == [
        "nothing", "identity", "relu, conv 1×1, batchNorm", "relu, conv 3×3, batchNorm",
      ])
    let blocks = try Spaces.stock("darts").architectureDecisions.filter { $0.name.hasSuffix("inputs") }
    #expect(blocks.map(\.values.count) == [1, 3, 6, 10, 1, 3, 6, 10])
    #expect(blocks[1].values == ["cell-2,cell-1", "cell-2,block0", "cell-1,block0"])
  }

  @Test func catalog() throws {
    let catalog = SearchSpaceCatalog(folder: Spaces.root.appendingPathComponent("SearchSpaces"))
    #expect(try catalog.names() == ["darts", "nasbench201"])
    #expect(try catalog.find("darts", relativeTo: Spaces.root) == Spaces.stock("darts"))
    #expect(try catalog.find("SearchSpaces/darts.yaml", relativeTo: Spaces.root) == Spaces.stock("darts"))
    #expect {
      try catalog.find("dart", relativeTo: Spaces.root)
    } throws: { "\($0)".hasSuffix("no search space 'dart'; did you mean 'darts'?") }
  }

  @Test func fingerprintIgnoresLayout() throws {
    let text = try Spaces.stockText("nasbench201")
    let fingerprint = try Spaces.read(text).fingerprint
    #expect(fingerprint.count == 16)
    let relaid = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n\n")
    #expect(try Spaces.read(relaid).fingerprint == fingerprint)
    #expect(
      try Spaces.read(text.replacingOccurrences(of: "stages: 3", with: "stages: 2")).fingerprint
        != fingerprint)
  }

  /// The golden example uses every key, and writing what was read gives the same bytes.
  @Test func goldenExample() throws {
    let url = Spaces.formats.appendingPathComponent("SearchSpace.golden.yaml")
    let text = try String(contentsOf: url, encoding: .utf8)
    #expect(ConfigurationWriter.text(try ConfigurationFile.load(url).configurationValue) == text)
    let space = try SearchSpace.load(from: url)
    #expect(space.architectureCount == "31104")  // 2 · 2 · 3³ · (3 · 2²) · (6 · 2²)
    #expect(space.architectureDecisions.count == 2 + 3 + 6)
    // The schema beside it names the same keys.
    let schema = try String(
      contentsOf: Spaces.formats.appendingPathComponent("SearchSpace.schema.json"), encoding: .utf8)
    let keys = text.split(whereSeparator: { "\n -:[],".contains($0) })
    for key in [
      "strided", "preprocessing", "widthMultiplier", "countsPadding", "distinctInputs", "multiplier",
    ] {
      #expect(keys.contains(Substring(key)) && schema.contains("\"\(key)\""))
    }
  }

  /// A part of nasbench201.yaml, what it becomes, text of the line to be named, and the message.
  static let mistakes: [(old: String, new: String, line: String, message: String)] = [
    (
      "schemaVersion: 1", "schemaVersion: 2", "schemaVersion: 2",
      "'schemaVersion' must be 1, found 2"
    ),
    (
      "name: nasbench201", "name: 'nas bench'", "nas bench",
      "'name' must begin with a letter and consist of up to 64 letters, digits, '_' and '-', found 'nas bench'"
    ),
    (
      "name: nasbench201", "nane: nasbench201", "nane",
      "unknown key 'nane'; did you mean 'name'?"
    ),
    (
      "policy:", "polices: 1\npolicy:", "polices",
      "unknown key 'polices'; did you mean 'policy'?"
    ),
    (
      "\npolicy:", "\npolcy:", "polcy",
      "unknown key 'polcy'; did you mean 'policy'?"
    ),
    (
      "  stages: 3\n", "", "  stem:",
      "the key 'stages' is missing in 'network'"
    ),
    (
      "stages: 3", "stages: 0", "stages: 0",
      "'network.stages' must be between 1 and 8, found 0"
    ),
    (
      "stages: 3", "stages: three", "stages: three",
      "'network.stages' must be an integer between 1 and 8, found 'three'"
    ),
    (
      "stages: 3", "stages: 3\n  stages: 2", "stages: 3",
      "the key 'stages' is given more than once in one mapping"
    ),
    (
      "nodes: 4", "nodes: 1", "nodes: 1",
      "'cells.cell.nodes' must be between 2 and 12, found 1"
    ),
    (
      "topology: edges", "topology: edge", "topology",
      "'cells.cell.topology' cannot be 'edge'; did you mean 'edges'?"
    ),
    (
      "skip_connect, nor_conv_1x1, nor", "skip_connect, nor_conv_1x4, nor", "nor_conv_1x4",
      "'cells.cell.operations[2]' cannot be 'nor_conv_1x4'; did you mean 'nor_conv_1x1'?"
    ),
    (
      "skip_connect, nor_conv_1x1, nor", "skip_connect, none, nor", "skip_connect, none",
      "'cells.cell.operations[2]' repeats the value none"
    ),
    (
      "[none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3]", "[none]", "topology",
      "'cells.cell' has no operation that computes anything"
    ),
    (
      "[none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3]", "[]", "operations: []",
      "'cells.cell.operations' must have between 1 and 256 items, found 0 items"
    ),
    (
      "none: zero", "none: nothing", "none: nothing",
      "'operations.none' cannot be 'nothing'; valid are 'zero', 'identity'"
    ),
    (
      "nor_conv_1x1: [relu", "nor_conv_1x1: [rellu", "rellu",
      "'operations.nor_conv_1x1[0]' cannot be 'rellu'; did you mean 'relu'?"
    ),
    (
      "nor_conv_1x1: [relu", "nor_conv_1x1: [conv", "[conv",
      "'operations.nor_conv_1x1[0]': the step 'conv' needs its kernel, as in {conv: {kernel: 3}}"
    ),
    (
      "conv: {kernel: 1}}, batchNorm", "convolve: {kernel: 1}}, batchNorm", "convolve",
      "unknown step 'convolve'; valid are 'relu', 'batchNorm', 'conv', 'depthwise', 'maxPool', 'averagePool'"
    ),
    (
      "{conv: {kernel: 1}}, batchNorm", "{conv: {kernel: 1}, relu: 1}, batchNorm", "relu: 1",
      "'operations.nor_conv_1x1[1]' must be one step, found 2 keys; a step is one item of the list"
    ),
    (
      "conv: {kernel: 1}}, batchNorm", "conv: {kernal: 1}}, batchNorm", "kernal",
      "unknown key 'kernal' in 'operations.nor_conv_1x1[1].conv'; did you mean 'kernel'?"
    ),
    (
      "conv: {kernel: 1}}, batchNorm", "conv: {kernel: 64}}, batchNorm", "kernel: 64",
      "'operations.nor_conv_1x1[1].conv.kernel' must be between 1 and 31, found 64"
    ),
    (
      "conv: {kernel: 1}}, batchNorm", "conv: {kernel: 1, stride: edges}}, batchNorm", "stride: edges",
      "'operations.nor_conv_1x1[1].conv.stride' must be a number or 'edge', the stride of the operation's edge"
    ),
    (
      "conv: {kernel: 1}}, batchNorm", "conv: {kernel: 1, stride: 2}}, batchNorm", "kernel: 1, stride: 2",
      "the operation 'nor_conv_1x1' of the cell 'cell' turns 1×4×64×64 into 1×4×32×32 on an edge of stride 1; expected 1×4×64×64"
    ),
    (
      "conv: {kernel: 1}}, batchNorm", "conv: {kernel: 1, groups: 3}}, batchNorm", "groups: 3",
      "operator 'nor_conv_1x1.conv': weight 4×1×1×1 does not fit 4 channels in 3 groups and the kernel"
    ),
    (
      "  cell: cell\n", "  cell: sell\n", "cell: sell",
      "'network.cell' cannot be 'sell'; did you mean 'cell'?"
    ),
    (
      "cells:\n", "cells:\n  spare:\n    topology: edges\n    nodes: 2\n    operations: [nor_conv_1x1]\n",
      "spare",
      "the cell 'spare' is not used by 'network'"
    ),
    (
      "[4, 8, 12, 16, 24]", "[4, 4]", "[4, 4]",
      "'network.stem.channels[1]' repeats the value 4"
    ),
    (
      "    sum:", "    sums:", "sums:",
      "unknown key 'sums' in 'network.reduction'; did you mean 'sum'?"
    ),
    (
      "    sum:\n", "    cell: cell\n    sum:\n", "widthMultiplier",
      "'network.reduction' must have either 'cell' or 'sum'"
    ),
    (
      "kernel: 2, stride: 2", "kernel: 2, stride: 4", "  stem:",
      "the network cannot be built: operator 'reduction0.sum': expected two or more inputs of one shape"
    ),
    (
      "head: [batchNorm, relu]", "head: batchNorm", "head: batchNorm",
      "'network.head' must be a list, found 'batchNorm'"
    ),
    (
      "fusion: [none, activation, residual]", "fusion: [none, activations]", "activations",
      "'policy.fusion[1]' cannot be 'activations'; did you mean 'activation'?"
    ),
    (
      "scheduler: [rpo, hmcos]", "scheduler: [rpo, hmcoss]", "hmcoss",
      "'policy.scheduler[1]' cannot be 'hmcoss'; did you mean 'hmcos'?"
    ),
    (
      "rowTile: [1, 2, 4, 8, whole, fit]", "rowTile: [0]", "rowTile",
      "'policy.rowTile[0]' must be between 1 and 65536, found 0"
    ),
    (
      "rowTile: [1, 2, 4, 8, whole, fit]", "rowTile: [all]", "rowTile",
      "'policy.rowTile[0]' must be a number of rows, 'whole' or 'fit'"
    ),
  ]

  @Test(arguments: mistakes)
  func mistake(old: String, new: String, line: String, message: String) throws {
    // Comments quote the format too, so they are taken out.
    let text =
      try Spaces.stockText("nasbench201").split(separator: "\n").filter { !$0.contains("#") }
      .joined(separator: "\n") + "\n"
    try #require(text.contains(old))
    let changed = text.replacingOccurrences(of: old, with: new)
    let number = try #require(changed.split(separator: "\n").firstIndex { $0.contains(line) }) + 1
    #expect {
      try Spaces.read(changed)
    } throws: { error in
      if "\(error)" != "space.yaml:\(number): \(message)" {
        Issue.record("found: \(error); expected line \(number)")
      }
      return error is ConfigurationError
    }
  }

  static let dartsMistakes: [(old: String, new: String, message: String)] = [
    (
      "    preprocessing: [relu, {conv: {kernel: 1, stride: edge}}, batchNorm]\n", "",
      "the key 'preprocessing' is missing in 'cells.normal'"
    ),
    (
      "    preprocessing: [relu, {conv: {kernel: 1, stride: edge}}, batchNorm]\n",
      "    preprocessing: [{conv: {kernel: 1}}]\n",
      "'cells.normal.preprocessing' needs a step with 'stride: edge', for inputs from before a reduction"
    ),
    (
      "inputsPerBlock: 2", "inputsPerBlock: 3",
      "'cells.normal': the first block has 2 earlier states and cannot pick 3 distinct inputs"
    ),
    (
      "output: allBlocks", "output: allBlock",
      "'cells.normal.output' cannot be 'allBlock'; did you mean 'allBlocks'?"
    ),
    (
      "{maxPool: {kernel: 3, stride: edge}}", "{maxPool: {kernel: 3}}",
      "the operation 'max_pool_3x3' of the cell 'reduction' turns 1×2×64×64 into 1×2×64×64 on an edge of stride 2; expected 1×2×32×32 (give a step 'stride: edge', or 'strided' steps)"
    ),
    (
      "    strided: [relu, {conv: {kernel: 1, stride: edge}}, batchNorm]\n", "",
      "the key 'strided' is missing in 'operations.skip_connect'"
    ),
    ("blocks: 4", "blocks: 13", "'cells.normal.blocks' must be between 1 and 12, found 13"),
    (
      "distinctInputs: true", "distinctInputs: yes",
      "'cells.normal.distinctInputs' must be true or false, found 'yes'"
    ),
  ]

  @Test(arguments: dartsMistakes)
  func mistakeInBlocks(old: String, new: String, message: String) throws {
    let text = try Spaces.stockText("darts")
    try #require(text.contains(old))
    #expect {
      try Spaces.read(text.replacingOccurrences(of: old, with: new))
    } throws: { error in
      if !"\(error)".hasSuffix(": \(message)") { Issue.record("found: \(error)") }
      return (error as? ConfigurationError)?.line != nil
    }
  }

  @Test func singleCandidate() throws {
    #expect {
      try Spaces.stock(
        "nasbench201", channels: 4, cellsPerStage: 1,
        replacing: [
          (
            "operations: [none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3]",
            "operations: [nor_conv_3x3]"
          ),
          ("fusion: [none, activation, residual]", "fusion: [none]"),
          ("scheduler: [rpo, hmcos]", "scheduler: [rpo]"),
          ("rowTile: [1, 2, 4, 8, whole, fit]", "rowTile: [1]"),
        ])
    } throws: {
      "\($0)".hasSuffix("the space has a single candidate: give some decision more than one value")
    }
  }
}
