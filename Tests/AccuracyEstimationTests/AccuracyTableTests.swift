import AccuracyEstimation
import ComputationGraph
import Foundation
import SearchSpaces
import Testing

/// The package's folder, from the place of this file.
let packageFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

@Suite struct AccuracyTableTests {
  static let operations = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]

  private func table(
    _ text: String, column: String = "acc", architectureColumn: String = "arch"
  ) throws -> AccuracyTable {
    try AccuracyTable(
      Array(text.utf8), file: "t.csv", column: column, architectureColumn: architectureColumn)
  }

  @Test func columnsAreFoundByName() throws {
    let table = try table(
      "index,arch,other,acc\n0,|a~0|,9999,10\n1,|b~0|,x,55.5\r\n\n2,\"|c,\"\"d\"\"|\",,90\n")
    #expect(table.accuracies.keys.sorted() == ["|a~0|", "|b~0|", "|c,\"d\"|"])
    for (key, expected) in [("|a~0|", 0.10), ("|b~0|", 0.555), ("|c,\"d\"|", 0.9)] {
      #expect(abs(table.accuracies[key]! - expected) < 1e-12)
    }
    #expect(table.column == "acc")
  }

  @Test func sharesStayShares() throws {
    #expect(try table("acc,arch\n0.5,x\n1,y").accuracies == ["x": 0.5, "y": 1])
    #expect(try table("\u{FEFF}acc,name\n0,x\n", architectureColumn: "name").accuracies == ["x": 0])
  }

  @Test(arguments: [
    ("", "t.csv: the table is empty"),
    ("arch,acc\n", "t.csv: the table has no architectures"),
    ("arch,accuracy\nx,1\n", "t.csv:1: there is no column 'acc'; the columns are arch, accuracy"),
    ("name,acc\nx,1\n", "t.csv:1: there is no column 'arch'"),
    ("arch,acc,acc\nx,1,1\n", "t.csv:1: there are 2 columns 'acc'"),
    ("arch,acc\nx,1\n\ny\n", "t.csv:4: 1 fields, but 2 columns"),
    ("arch,acc\nx,1,2\n", "t.csv:2: 3 fields, but 2 columns"),
    ("arch,acc\nx,high\n", "t.csv:2: 'high' in the column 'acc'"),
    ("arch,acc\nx,\n", "t.csv:2: '' in the column 'acc'"),
    ("arch,acc\nx,nan\n", "t.csv:2: 'nan'"),
    ("arch,acc\nx,-1\n", "t.csv:2: '-1'"),
    ("arch,acc\nx,100.5\n", "t.csv:2: '100.5'"),
    ("arch,acc\n,1\n", "t.csv:2: the column 'arch' is empty"),
    ("arch,acc\nx,1\ny,2\nx,3\n", "t.csv:4: the architecture 'x' stands on line 2 already"),
    ("arch,acc\n\"x,1\ny,2\n", "t.csv:2: a quotation mark is not closed"),
    ("arch,acc\n\"a\nb\"c,1\n", "t.csv:3: text follows a closing quotation mark"),
  ])
  func mistakesAreNamedWithTheirLine(text: String, message: String) throws {
    let error = #expect(throws: AccuracyTableError.self) { try table(text) }
    #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
  }

  @Test func unreadableFilesAreNamed() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tandem-table-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let missing = #expect(throws: AccuracyTableError.self) {
      try AccuracyTable.read(folder.appending(path: "none.csv"), column: "acc")
    }
    #expect(missing?.reason == "no such file")
    let damaged = folder.appending(path: "damaged.csv.gz")
    try Data([0x1F, 0x8B, 8, 0, 1, 2, 3]).write(to: damaged)
    let error = #expect(throws: AccuracyTableError.self) {
      try AccuracyTable.read(damaged, column: "acc")
    }
    #expect(error?.description.contains("damaged.csv.gz: the compressed data is") == true)
  }

  /// The choices that a benchmark's string means, read from the string alone: `|op~source|…` per node, from node 1.
  private func choices(_ text: String) -> [String: String] {
    var choices = ["stemChannels": "8", "cellsPerStage": "1"]
    for (node, part) in text.split(separator: "+").enumerated() {
      for edge in part.split(separator: "|") {
        let pieces = edge.split(separator: "~")
        choices["cell.edge\(pieces[1])-\(node + 1)"] = String(pieces[0])
      }
    }
    return choices
  }

  private func subject(_ choices: [String: String], _ space: SearchSpace) throws -> EstimationSubject {
    let architecture = Architecture(space: space.name, choices: choices)
    return EstimationSubject(
      architecture: architecture,
      training: try space.trainingGraph(
        for: architecture, input: InputSpecification(channels: 3, height: 32, width: 32, classes: 10)))
  }

  @Test func everyEdgeIsLookedUpAtItsPlace() throws {
    let space = try SearchSpace.load(from: packageFolder.appending(path: "SearchSpaces/nasbench201.yaml"))
    // The six edges have different operations wherever that is possible, so that no two orders give the same text.
    let texts = [
      "|nor_conv_3x3~0|+|avg_pool_3x3~0|skip_connect~1|+|none~0|nor_conv_1x1~1|nor_conv_3x3~2|",
      "|nor_conv_1x1~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|avg_pool_3x3~1|none~2|",
      "|nor_conv_3x3~0|+|skip_connect~0|avg_pool_3x3~1|+|none~0|nor_conv_1x1~1|nor_conv_3x3~2|",
    ]
    let rows = texts.enumerated().map { "\($1),\(10 + $0)" }
    let table = try table("arch,acc\n" + rows.joined(separator: "\n"))
    let estimator = try TableEstimator(table: table, space: space)
    for (index, text) in texts.enumerated() {
      var choices = choices(text)
      for width in ["4", "24"] {
        choices["stemChannels"] = width
        let estimate = try estimator.estimate(subject(choices, space), seed: 1)
        #expect(abs(estimate.accuracy! - Double(10 + index) / 100) < 1e-12)
        #expect(estimate.estimator == "table" && estimate.split == "acc" && estimate.score == nil)
      }
    }
    let other = choices("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|")
    var connected = other
    connected["cell.edge0-3"] = "skip_connect"
    let unknown = try subject(connected, space)
    #expect(throws: EstimationError.self) { try estimator.estimate(unknown, seed: 1) }
    #expect(throws: EstimationError.self) {
      try TableEstimator(table: table, space: space, probes: [unknown.architecture])
    }
  }

  static let published = packageFolder.appending(path: "../shared/data/nasbench201/nasbench201.csv.gz")

  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: published.path), "the benchmark's table is not here"))
  func thePublishedTableHasEveryArchitectureOfTheSpace() throws {
    let table = try AccuracyTable.read(Self.published, column: "c10_test")
    #expect(table.accuracies.count == 15_625)
    #expect(abs(table.accuracies.values.max()! - 0.9437) < 5e-5)
    let space = try SearchSpace.load(from: packageFolder.appending(path: "SearchSpaces/nasbench201.yaml"))
    var seen: Set<String> = []
    for number in 0..<15_625 {
      var rest = number
      var choices = ["stemChannels": "8", "cellsPerStage": "1"]
      for edge in ["0-1", "0-2", "1-2", "0-3", "1-3", "2-3"] {
        choices["cell.edge\(edge)"] = Self.operations[rest % 5]
        rest /= 5
      }
      let label = space.label(Architecture(space: space.name, choices: choices))
      seen.insert(label)
      #expect(table.accuracies[label] != nil, "\(label)")
      #expect(self.choices(label) == choices)
    }
    #expect(seen.count == 15_625)
  }
}
