import ArgumentParser
import ComputationGraph
import Foundation
import Foundations
import Reporting
import SearchSpaces

/// `tandem space`.
struct SpaceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "space", abstract: "Lists, describes and samples search spaces.",
    discussion: """
      EXAMPLE
        tandem space sample SearchSpaces/nasbench201.yaml --count 3 --seed 7
      """,
    subcommands: [List.self, Describe.self, Sample.self])

  /// `tandem space list`.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the search spaces of a folder.",
      discussion: """
        EXAMPLE
          tandem space list
        """)

    @Option(help: "The folder with the search spaces.", completion: .directory)
    var folder = "SearchSpaces"
    @OptionGroup var format: FormatOption

    private struct Row: Encodable {
      let name: String
      let file: String
      let architectures: String
      let policies: String
      let description: String
    }

    func run() throws {
      let files: [String]
      do {
        files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yaml") }
          .sorted()
      } catch {
        throw ExitStatus.badInput("cannot list the folder '\(folder)'")
      }
      let rows = try files.map { file in
        let space = try SearchSpace.load(from: URL(typed: folder).appendingPathComponent(file))
        return Row(
          name: space.name, file: "\(folder)/\(file)", architectures: space.architectureCount,
          policies: space.policyCount, description: space.description)
      }
      try format.print(rows) {
        var table = TextTable(columns: [
          .init("name"), .init("architectures", alignment: .right), .init("policies", alignment: .right),
          .init("file"),
        ])
        for row in rows { table.append([row.name, row.architectures, row.policies, row.file]) }
        return table.rendered()
      }
    }
  }

  /// `tandem space describe`.
  struct Describe: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows a search space's operations and decisions.",
      discussion: """
        EXAMPLE
          tandem space describe SearchSpaces/nasbench201.yaml
        """)

    @Argument(help: "A search space's name or file.", completion: .file(extensions: ["yaml"]))
    var space: String
    @OptionGroup var format: FormatOption

    private struct Description: Encodable {
      struct Choice: Encodable {
        let name: String
        let values: [String]
      }
      let name: String
      let description: String
      let fingerprint: String
      let architectures: String
      let policies: String
      let candidates: String
      let operations: [String: String]
      let architectureDecisions: [Choice]
      let policyDecisions: [Choice]
    }

    func run() throws {
      let space = try SearchSpaceCatalog.standard.find(space, relativeTo: URL(typed: "."))
      let description = Description(
        name: space.name, description: space.description, fingerprint: space.fingerprint,
        architectures: space.architectureCount, policies: space.policyCount, candidates: space.candidateCount,
        operations: Dictionary(uniqueKeysWithValues: space.operationSummaries.map { ($0.name, $0.steps) }),
        architectureDecisions: space.architectureDecisions.map { .init(name: $0.name, values: $0.values) },
        policyDecisions: space.policyDecisions.map { .init(name: $0.name, values: $0.values) })
      try format.print(description) {
        var operations = TextTable(columns: [.init("operation"), .init("steps")])
        for operation in space.operationSummaries { operations.append([operation.name, operation.steps]) }
        var decisions = TextTable(columns: [.init("decision"), .init("of"), .init("values")])
        for (decisionsOfKind, kind) in [
          (space.architectureDecisions, "architecture"), (space.policyDecisions, "policy"),
        ] {
          for decision in decisionsOfKind {
            decisions.append([decision.name, kind, decision.values.joined(separator: ", ")])
          }
        }
        return """
          \(space.name): \(space.description)
          \(space.architectureCount) architectures × \(space.policyCount) scheduling policies = \(space.candidateCount) candidates

          \(operations.rendered())

          \(decisions.rendered())
          """
      }
    }
  }

  /// `tandem space sample`.
  struct Sample: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Draws candidates and shows their size.",
      discussion: """
        EXAMPLE
          tandem space sample SearchSpaces/darts.yaml --count 2 --seed 1 --format json
        """)

    @Argument(help: "A search space's name or file.", completion: .file(extensions: ["yaml"]))
    var space: String
    @Option(help: "How many candidates.") var count = 1
    @Option(help: "The generator's seed.") var seed: UInt64 = 0
    @Option(help: "The input as CHANNELSxHEIGHTxWIDTH.") var input = "1x28x28"
    @Option(help: "The number of classes.") var classes = 10
    @Option(
      help: "Where to write the candidate, for 'tandem evaluate' (one candidate only).", completion: .file())
    var output: String?
    @OptionGroup var format: FormatOption

    private struct Row: Encodable {
      let candidate: Candidate
      let label: String
      let macs: Int?
      let parameters: Int?
      let operators: Int?
      let disconnected: Bool
    }

    func validate() throws {
      if !(1...10_000).contains(count) { throw ValidationError("--count must be between 1 and 10000") }
      if output != nil, count != 1 {
        throw ValidationError("--output takes one candidate: leave out --count")
      }
    }

    func run() throws {
      let space = try SearchSpaceCatalog.standard.find(space, relativeTo: URL(typed: "."))
      let specification = try inputSpecification()
      var generator = SeededGenerator(seed: seed)
      let rows = try (0..<count).map { _ in
        let candidate = space.sample(using: &generator)
        var graph: Graph?
        do {
          graph = try space.trainingGraph(for: candidate.architecture, input: specification)
        } catch let error as SearchSpaceError {
          guard case .disconnected = error else { throw error }
        }
        return Row(
          candidate: candidate, label: space.fullLabel(candidate.architecture), macs: graph?.macs,
          parameters: graph?.parameterCount, operators: graph?.operators.count, disconnected: graph == nil)
      }
      if let output { try AtomicFile.write(CandidateFile.encode(rows[0].candidate), to: URL(typed: output)) }
      try format.print(rows) {
        var table = TextTable(columns: [
          .init("architecture"), .init("policy"), .init("MACs", alignment: .right),
          .init("parameters", alignment: .right), .init("operators", alignment: .right),
        ])
        for row in rows {
          table.append([
            row.label, PolicyText.describe(row.candidate.policy),
            row.macs.map(NumberFormat.short) ?? "disconnected",
            row.parameters.map(NumberFormat.grouped) ?? "–", row.operators.map(String.init) ?? "–",
          ])
        }
        return table.rendered()
      }
    }

    private func inputSpecification() throws -> InputSpecification {
      let extents = input.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
      guard extents.count == 3, let channels = extents[0], let height = extents[1], let width = extents[2],
        [channels, height, width].allSatisfy({ (1...4096).contains($0) }), (1...100_000).contains(classes)
      else {
        throw ExitStatus.badInput(
          "--input must be CHANNELSxHEIGHTxWIDTH, each 1 to 4096, and --classes 1 to 100000")
      }
      return InputSpecification(channels: channels, height: height, width: width, classes: classes)
    }
  }
}

extension SearchSpaceCatalog {
  /// The spaces that come with the package, found from its folder.
  fileprivate static let standard = SearchSpaceCatalog(folder: URL(typed: "SearchSpaces"))
}
