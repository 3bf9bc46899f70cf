import ArgumentParser
import BenchmarkSupport
import Foundation
import MemoryPlanning
import Reporting

/// `memory-scheduling soak`.
struct SoakCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "soak",
    abstract: "Compares schedulers with exhaustive search on random graphs of at most 12 operators.",
    discussion: """
      The graphs have every feature of the memory model. Graph number n is the same whatever the count, so that one that \
      failed is repeated with --first n --graphs 1. Exits with 1 on any difference.
      """)

  @Option(help: "How many graphs.") var graphs = 50_000
  @Option(help: "The first graph of the seed's sequence.") var first = 0
  @Option(help: "The seed.") var seed: UInt64 = 1
  @Option(
    name: .customLong("scheduler"), parsing: .upToNextOption,
    help: "Only these, separated by commas or spaces; all of them otherwise.")
  var names: [String] = []
  @Option(help: "The time limit of a run, in seconds.") var timeLimit = 10.0
  @Option(help: "A folder for the record of the soak, from which `measure` makes its page.")
  var output: String?

  func validate() throws {
    if graphs < 1 || first < 0 { throw ValidationError("--graphs must be positive and --first not negative") }
    if !(timeLimit > 0) { throw ValidationError("--time-limit must be positive") }
    _ = try schedulers()
  }

  func run() throws {
    let soak = Soak(schedulers: try schedulers(), seed: seed, timeLimit: .seconds(timeLimit))
    var tally = Soak.Tally()
    for index in first..<(first + graphs) {
      let known = tally.differences.count
      try soak.run(index, &tally)
      for difference in tally.differences[known...] { Progress.note("difference: \(difference)") }
      if tally.graphs % 1000 == 0 { Progress.note("\(tally.graphs) of \(graphs) graphs") }
    }
    let record = SoakRecord(tally, of: soak)
    var table = TextTable(columns: [
      .init("scheduler"), .init("claimed optimal", alignment: .right),
      .init("reached the optimum", alignment: .right), .init("differences", alignment: .right),
    ])
    for entry in record.schedulers {
      table.append([entry.scheduler, "\(entry.claimed)", "\(entry.reached)", "\(entry.differences)"])
    }
    print("\(record.graphs) graphs of seed \(seed)\n\n\(table.rendered())")
    if let output { try record.save(to: URL(fileURLWithPath: output)) }
    if !tally.differences.isEmpty { throw ExitCode.failure }
  }

  private func schedulers() throws -> [SchedulerName] {
    let given = names.flatMap { $0.split(separator: ",") }
    if given.isEmpty { return SchedulerName.allCases }
    return try given.map { text in
      guard let name = SchedulerName(rawValue: String(text)) else {
        let known = SchedulerName.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("'\(text)' is no scheduler; there are \(known)")
      }
      return name
    }
  }
}
