import ComputationGraph
import SearchSpaces
import Testing

/// Cells of blocks, against the published DARTS-V2 network.
@Suite struct DARTSTests {
  static let normal = [
    ("cell-2,cell-1", "sep_conv_3x3", "sep_conv_3x3"), ("cell-2,cell-1", "sep_conv_3x3", "sep_conv_3x3"),
    ("cell-2,cell-1", "skip_connect", "sep_conv_3x3"), ("cell-2,block0", "skip_connect", "dil_conv_3x3"),
  ]
  static let reduction = [
    ("cell-2,cell-1", "max_pool_3x3", "max_pool_3x3"), ("cell-1,block0", "max_pool_3x3", "skip_connect"),
    ("cell-2,block0", "max_pool_3x3", "skip_connect"), ("cell-1,block0", "max_pool_3x3", "skip_connect"),
  ]

  static func choices(stemChannels: Int, cellsPerStage: Int) -> [String: String] {
    var choices = ["stemChannels": "\(stemChannels)", "cellsPerStage": "\(cellsPerStage)"]
    for (cell, blocks) in [("normal", normal), ("reduction", reduction)] {
      for (index, block) in blocks.enumerated() {
        choices["\(cell).block\(index).inputs"] = block.0
        choices["\(cell).block\(index).operation0"] = block.1
        choices["\(cell).block\(index).operation1"] = block.2
      }
    }
    return choices
  }

  /// DARTS-V2 with 36 channels and 20 cells has 3.3 million parameters (arXiv 1806.09055, table 1); the factorised
  /// reductions of the paper have as many as the strided convolutions here.
  @Test func publishedParameters() throws {
    let space = try Spaces.stock(
      "darts",
      replacing: [
        ("channels: [2, 4, 6, 8]", "channels: [36]"), ("cellsPerStage: [1, 2]", "cellsPerStage: [6]"),
      ])
    let architecture = Architecture(space: "darts", choices: Self.choices(stemChannels: 36, cellsPerStage: 6))
    let graph = try space.trainingGraph(for: architecture, input: Spaces.cifarImages)
    #expect(graph.parameterCount == Self.expectedParameters(channels: 36, cellsPerStage: 6))
    #expect((Double(graph.parameterCount) / 1e5).rounded() / 10 == 3.3)
    #expect(graph.operators.filter { $0.name.hasSuffix(".concat") }.count == 20)
    #expect(
      space.label(architecture).hasPrefix(
        "normal: sep_conv_3x3(cell-2)+sep_conv_3x3(cell-1) | sep_conv_3x3(cell-2)+sep_conv_3x3(cell-1) | "
          + "skip_connect(cell-2)+sep_conv_3x3(cell-1) | skip_connect(cell-2)+dil_conv_3x3(block0) ; reduction: max"
      ))
  }

  /// The parameters by hand: for each cell its two 1×1 input layers and its operations' convolutions and batch norms.
  static func expectedParameters(channels: Int, cellsPerStage: Int) -> Int {
    func norm(_ c: Int) -> Int { 2 * c }
    func separable(_ c: Int, taps: Int) -> Int { 2 * (taps * c + c * c + norm(c)) }
    func dilated(_ c: Int, taps: Int) -> Int { taps * c + c * c + norm(c) }
    var total = 3 * 9 * 3 * channels + norm(3 * channels)
    var width = channels
    var (before, last) = (3 * channels, 3 * channels)
    for stage in 0..<3 {
      if stage > 0 {
        width *= 2
        // Pools have no parameters; one skip_connect per reduction cell may read an input (none does here).
        total += before * width + norm(width) + last * width + norm(width)
        (before, last) = (last, 4 * width)
      }
      for _ in 0..<cellsPerStage {
        total += before * width + norm(width) + last * width + norm(width)
        total += 5 * separable(width, taps: 9) + dilated(width, taps: 9)
        (before, last) = (last, 4 * width)
      }
    }
    return total + last * 10 + 10
  }

  @Test func countOfArchitectures() throws {
    let space = try Spaces.stock("darts")
    // Per cell 1·3·6·10 selections of inputs and 7 operations on each of 8 edges.
    let perCell = 180.0 * 5_764_801
    #expect(Double(space.architectureCount) == perCell * perCell * 4 * 2)
    #expect(space.architectureCount.count == 19)
    #expect(space.policyCount == "48")
  }

  /// What no needed cell reads is not built: here every normal cell reads the cell before last only.
  @Test func unreadCellsAreLeftOut() throws {
    let text = try Spaces.stockText("darts").replacingOccurrences(
      of: "distinctInputs: true", with: "distinctInputs: false")
    let space = try Spaces.read(text)
    var choices = Self.choices(stemChannels: 4, cellsPerStage: 2)
    for block in 0..<4 { choices["normal.block\(block).inputs"] = "cell-2,cell-2" }
    let graph = try space.trainingGraph(
      for: Architecture(space: "darts", choices: choices), input: Spaces.fashionImages)
    // The last stage: cell 1 reads what stands two modules before, the reduction; cell 0 is read by nobody.
    #expect(graph.operators.contains { $0.name.hasPrefix("stage2.cell1.") })
    #expect(!graph.operators.contains { $0.name.hasPrefix("stage2.cell0.") })
    #expect(!graph.operators.contains { $0.name.hasPrefix("stage2.cell1.input1") })
    #expect(
      graph.operatorIDs.allSatisfy { !graph.successors[$0.index].isEmpty || graph[$0].name == "logits" })
  }
}
