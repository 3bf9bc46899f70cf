import ArgumentParser
import ExperimentStore
import Foundation
import Foundations
import Reporting

/// `tandem report`.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Writes a self-contained HTML report of one or several runs.",
    discussion: """
      EXAMPLE
        tandem report runs/first runs/second --output comparison.html
      """)

  @Argument(help: "The run directories; several are compared.", completion: .directory)
  var runs: [String]
  @Option(help: "The page to write (default: report.html in the run directory, or here for several runs).")
  var output: String?
  @OptionGroup var quiet: QuietOption

  func run() throws {
    let directories = runs.map { RunDirectory(at: URL(typed: $0)) }
    let contents = try directories.map { try RunLoader($0).content() }
    let target =
      output.map { URL(typed: $0) }
      ?? (directories.count == 1 ? directories[0].reportFile : URL(typed: "report.html"))
    try AtomicFile.write(HTMLReport(runs: contents).html(), to: target)
    quiet.note("report: \(target.relativePath)")
  }
}
