import ArgumentParser
import Foundation
import Foundations

/// How a reading verb prints.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table, json
}

/// The option that every reading verb takes.
struct FormatOption: ParsableArguments {
  @Option(help: "table for people, json for programs (JSON alone on standard output).")
  var format: OutputFormat = .table

  /// Prints a value as JSON, or the text for people.
  func print(_ value: some Encodable, _ text: () -> String) throws {
    switch format {
    case .json: try Console.result(String(decoding: try JSONFile.encode(value), as: UTF8.self))
    case .table: try Console.result(text())
    }
  }
}

/// The option of verbs that report progress.
struct QuietOption: ParsableArguments {
  @Flag(help: "No progress and no notes; errors and results only.")
  var quiet = false

  /// Prints a note to standard error unless quiet.
  func note(_ message: @autoclosure () -> String) {
    if !quiet { Console.note(message()) }
  }
}

extension URL {
  /// A file URL from a path as typed.
  init(typed path: String) { self.init(fileURLWithPath: path) }
}
