import ComputationGraph
import Foundation
import SearchSpaces
import Testing

/// The lowering against what the benchmark's authors published.
@Suite struct NASBench201Tests {
  /// From the benchmark's tables for CIFAR-10: operation string, millions of multiply–adds, millions of parameters.
  static let published: [(label: String, flopsInMillions: Double, parametersInMillions: Double)] = [
    (
      "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
      15.647370, 0.129306
    ),
    (
      "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|",
      113.951370, 0.802426
    ),
    (
      "|avg_pool_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|avg_pool_3x3~0|avg_pool_3x3~1|avg_pool_3x3~2|",
      78.561930, 0.559386
    ),
    (
      "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|",
      153.272970, 1.073466
    ),
  ]

  /// The published count adds one operation per class for the classifier's bias, which ours leaves out.
  @Test(arguments: published)
  func publishedCosts(label: String, flopsInMillions: Double, parametersInMillions: Double) throws {
    let space = try Spaces.publishedNASBench201()
    let architecture = Architecture(
      space: space.name, choices: Spaces.nasBench201Choices(label, stemChannels: 16, cellsPerStage: 5))
    let graph = try space.trainingGraph(for: architecture, input: Spaces.cifarImages)
    #expect(space.label(architecture) == label)
    #expect(graph.macs + 10 == Int((flopsInMillions * 1e6).rounded()))
    #expect(graph.parameterCount == Int((parametersInMillions * 1e6).rounded()))
  }

  static let table = Spaces.root.deletingLastPathComponent()
    .appendingPathComponent("shared/data/nasbench201/nasbench201.csv.gz")

  /// Every architecture of the benchmark's table. Skipped where the table, which is no part of the package, is not
  /// beside it.
  ///
  /// The published figures count operations on branches that lead nowhere; there the expected value is the published
  /// one minus those operations, found by following all paths.
  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: table.path),
      "the benchmark's table is not beside the package"))
  func wholeTable() throws {
    let space = try Spaces.publishedNASBench201()
    let rows = try Self.unzip(Self.table).split(whereSeparator: \.isNewline)
    let header = rows[0].split(separator: ",")
    let (label, flops, parameters) = (
      header.firstIndex(of: "arch")!, header.firstIndex(of: "c10_flops_m")!,
      header.firstIndex(of: "c10_params_m")!
    )
    #expect(rows.count == 15_626)
    var exact = 0
    for row in rows.dropFirst() where row.hashValueOfLine % 32 == 0 {
      let fields = row.split(separator: ",", omittingEmptySubsequences: false)
      let operations = Operations(label: String(fields[label]))
      let architecture = Architecture(
        space: space.name,
        choices: Spaces.nasBench201Choices(String(fields[label]), stemChannels: 16, cellsPerStage: 5))
      let live = operations.liveEdges
      guard !live.isEmpty else {
        #expect(throws: SearchSpaceError.disconnected(cell: "cell")) {
          try space.trainingGraph(for: architecture, input: Spaces.cifarImages)
        }
        continue
      }
      let graph = try space.trainingGraph(for: architecture, input: Spaces.cifarImages)
      let dead = operations.byEdge.keys.filter { !live.contains($0) }.compactMap { operations.byEdge[$0] }
      let (deadMACs, deadParameters) = Self.cost(of: dead)
      exact += deadMACs == 0 ? 1 : 0
      #expect(graph.macs + 10 + deadMACs == Int((Double(fields[flops])! * 1e6).rounded()))
      #expect(graph.parameterCount + deadParameters == Int((Double(fields[parameters])! * 1e6).rounded()))
    }
    #expect(exact > 200)
  }

  /// Multiply–adds and parameters of operations in the 5 cells of each stage of the published network.
  static func cost(of operations: [String]) -> (macs: Int, parameters: Int) {
    var macs = 0
    var parameters = 0
    for (channels, side) in [(16, 32), (32, 16), (64, 8)] {
      for operation in operations {
        let taps = ["nor_conv_1x1": 1, "nor_conv_3x3": 9][operation] ?? 0
        macs += 5 * taps * channels * channels * side * side
        parameters += taps == 0 ? 0 : 5 * (taps * channels * channels + 2 * channels)
      }
    }
    return (macs, parameters)
  }

  static func unzip(_ url: URL) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-dc", url.path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }

  /// Every cell of the space, with one cell per stage: connected or not as following all paths says, and with just
  /// the convolutions that lie on a path.
  @Test func allCells() throws {
    let space = try Spaces.stock(
      "nasbench201", channels: 4, cellsPerStage: 1, replacing: [("stages: 3", "stages: 1")])
    #expect(space.architectureCount == "15625")
    let names = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
    var disconnected = 0
    var classes: Set<String> = []
    for number in 0..<15_625 {
      var rest = number
      var byEdge: [Operations.Edge: String] = [:]
      for edge in Operations.edges {
        byEdge[edge] = names[rest % 5]
        rest /= 5
      }
      let operations = Operations(byEdge: byEdge)
      classes.insert(operations.officialExpression)
      let architecture = Architecture(
        space: space.name,
        choices: Spaces.nasBench201Choices(operations.label, stemChannels: 4, cellsPerStage: 1))
      #expect(space.label(architecture) == operations.label)
      let live = operations.liveEdges
      do {
        let graph = try space.trainingGraph(
          for: architecture, input: InputSpecification(channels: 1, height: 4, width: 4, classes: 2))
        #expect(!live.isEmpty)
        let built = graph.operators.filter { $0.name.hasPrefix("stage0") && $0.name.hasSuffix("conv") }.count
        let expected = live.filter { byEdge[$0]!.hasPrefix("nor_conv") }.count
        #expect(built == expected, "\(operations.label)")
      } catch {
        #expect(error == .disconnected(cell: "cell"))
        #expect(live.isEmpty)
        disconnected += 1
      }
    }
    // 5^6 cells without a path from node 0 to node 3, by inclusion and exclusion over the four paths.
    #expect(disconnected == 341)
    // Published: 6,466 different cells up to absent edges and skips (section 3 of the paper).
    #expect(classes.count == 6_466)
  }
}

/// The six operations of a cell, independent of the package's own types.
private struct Operations {
  struct Edge: Hashable {
    let from: Int
    let to: Int
  }

  static let edges = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)].map { Edge(from: $0.0, to: $0.1) }
  /// All paths from the input to the output.
  static let paths = [[0, 3], [0, 1, 3], [0, 2, 3], [0, 1, 2, 3]].map { nodes in
    zip(nodes, nodes.dropFirst()).map { Edge(from: $0.0, to: $0.1) }
  }

  let byEdge: [Edge: String]

  init(byEdge: [Edge: String]) { self.byEdge = byEdge }

  init(label: String) {
    var byEdge: [Edge: String] = [:]
    for (index, node) in label.split(separator: "+").enumerated() {
      for item in node.split(separator: "|") {
        let parts = item.split(separator: "~")
        byEdge[Edge(from: Int(parts[1])!, to: index + 1)] = String(parts[0])
      }
    }
    self.byEdge = byEdge
  }

  var label: String {
    (1...3).map { to in
      "|" + (0..<to).map { "\(byEdge[Edge(from: $0, to: to)]!)~\($0)|" }.joined()
    }.joined(separator: "+")
  }

  /// Edges on a path without an absent edge.
  var liveEdges: Set<Edge> {
    Set(Self.paths.filter { path in path.allSatisfy { byEdge[$0] != "none" } }.flatMap { $0 })
  }

  /// The text by which the benchmark's authors tell cells apart.
  var officialExpression: String {
    var nodes = ["0"]
    for to in 1...3 {
      let terms = (0..<to).map { from -> String in
        let operation = byEdge[Edge(from: from, to: to)]!
        if operation == "none" || nodes[from] == "#" { return "#" }
        return operation == "skip_connect" ? nodes[from] : "(\(nodes[from]))@\(operation)"
      }
      nodes.append(terms.sorted().joined(separator: "+"))
    }
    return nodes[3]
  }
}

extension Substring {
  /// A hash of the text that is the same in every process, to take a fixed part of a table.
  fileprivate var hashValueOfLine: Int { utf8.reduce(7) { ($0 &* 31 &+ Int($1)) & 0xFFFFFF } }
}
