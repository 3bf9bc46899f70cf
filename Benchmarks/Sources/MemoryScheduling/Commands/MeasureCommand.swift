import ArgumentParser
import BenchmarkSupport
import Foundation
import Foundations
import MemoryPlanning

/// `memory-scheduling measure`.
struct MeasureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure",
    abstract: "Measures every scheduler on every network and writes tables and figures.",
    discussion: """
      Networks of published cells are built in; the ONNX files of a folder of graphs come on top where it exists. A row that \
      contradicts a check, another row or a known optimum ends the run with exit code 1.
      """)

  @Option(help: "A folder of ONNX files, searched with its subfolders.")
  var graphs = "../shared/data/graphs"
  @Option(help: "Where to write README.md, results.csv and the figures.")
  var output = "Results/memory-scheduling"
  @Option(help: "Rounds of runs; what takes long is run less often.") var repeats = 7
  @Option(help: "The time limit of a run, in seconds.") var timeLimit = 20.0
  @Flag(help: "Few and small networks, to see whether everything works.") var quick = false

  func validate() throws {
    if repeats < 1 { throw ValidationError("--repeats must be positive") }
    if !(timeLimit > 0) { throw ValidationError("--time-limit must be positive") }
  }

  func run() throws {
    let folder = URL(fileURLWithPath: output)
    let soak = try SoakRecord.load(from: folder)
    // First, while the process is small: the memory that it takes is measured.
    var large: [LargeNetworkMeasurement] = []
    for network in try GeneratedNetworks.large(quick: quick) {
      for name in [.exact] + SchedulerName.allCases.filter({ $0 != .exact }) {
        Progress.note("\(network.name), \(name.rawValue)")
        do {
          large.append(try LargeNetworkMeasurement.measure(network, name))
        } catch let error as SchedulingError where error.meansNoOrder(of: name) {
          Progress.note("\(error)")
        }
      }
    }

    var networks: [BenchmarkNetwork] = []
    let hasGraphs = FileManager.default.fileExists(atPath: graphs)
    if hasGraphs { networks += try PublicNetworks.load(from: URL(fileURLWithPath: graphs)) }
    networks += try GeneratedNetworks.all(quick: quick)
    let measurer = Measurer(repeats: repeats, timeLimit: .seconds(timeLimit), progress: Progress.note)
    let rows = try measurer.measure(networks)
    var rewritings: [RewritingMeasurement] = []
    for network in networks {
      Progress.note("rewriting \(network.name)")
      for methods in RewritingMeasurement.Methods.allCases {
        rewritings.append(
          try RewritingMeasurement.measure(network, methods, timeLimit: .seconds(timeLimit)))
      }
    }

    let results = ResultSet(
      options: ResultSet.Options(
        graphsFolder: hasGraphs ? graphs : nil, repeats: repeats, timeLimitSeconds: timeLimit, isQuick: quick),
      schedulers: measurer.schedulers, rows: rows, rewritings: rewritings, large: large, soak: soak,
      machine: .current)
    try AtomicFile.createFolder(folder)
    for (name, text) in [
      ("README.md", ResultsPage(results: results).text), (CSVFile.fileName, CSVFile.text(results)),
      (RewritingSection.fileName, RewritingSection(results: results).csv),
    ] + ResultFigures(results: results).files.map({ ($0.name, $0.svg) }) {
      try AtomicFile.write(text, to: folder.appendingPathComponent(name))
    }
    Progress.note("wrote \(output)/README.md")
  }
}
