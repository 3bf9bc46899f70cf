import ComputationGraph
import Foundation
import SearchSpaces
import Testing

@Suite struct CandidateTests {
  static func goldenSpace() throws -> SearchSpace {
    try SearchSpace.load(from: Spaces.formats.appendingPathComponent("SearchSpace.golden.yaml"))
  }

  @Test func goldenExamples() throws {
    let space = try Self.goldenSpace()
    let candidateURL = Spaces.formats.appendingPathComponent("Candidate.golden.json")
    let candidate = try CandidateFile.read(candidateURL, in: space)
    #expect(try CandidateFile.encode(candidate) == Data(contentsOf: candidateURL))
    #expect(candidate.policy == SchedulingPolicy(fusion: .activation, scheduler: "hmcos", rowTile: .whole))
    let architectureURL = Spaces.formats.appendingPathComponent("Architecture.golden.json")
    let architecture = try ArchitectureFile.read(architectureURL, in: space)
    #expect(try ArchitectureFile.encode(architecture) == Data(contentsOf: architectureURL))
    #expect(candidate.architecture == architecture)
    #expect(
      space.label(architecture)
        == "cell: |nor_conv_3x3~0|+|skip_connect~0|none~1| ; reduction: separable(cell-2)+shortcut(cell-1) | "
        + "shortcut(cell-1)+separable(block0)")
    _ = try space.trainingGraph(for: architecture, input: Spaces.fashionImages)
  }

  @Test func keysTellCandidatesApart() throws {
    let architecture = Architecture(space: "s", choices: ["b": "1", "a": "2"])
    #expect(architecture.key == "s;a=2;b=1")
    let whole = Candidate(
      architecture: architecture, policy: SchedulingPolicy(fusion: .none, scheduler: "rpo", rowTile: .whole))
    #expect(whole.key == "s;a=2;b=1 | fusion=none;rowTile=whole;scheduler=rpo")
    var policy = whole.policy
    policy.rowTile = .rows(4)
    #expect(Candidate(architecture: architecture, policy: policy).key != whole.key)
    policy.rowTile = .fit
    #expect(
      Candidate(architecture: architecture, policy: policy).key
        == "s;a=2;b=1 | fusion=none;rowTile=fit;scheduler=rpo")
  }

  /// A part of the golden candidate, what it becomes, and the message.
  static let mistakes: [(old: String, new: String, message: String)] = [
    ("\"schemaVersion\" : 1", "\"schemaVersion\" : 2", "in.json: .schemaVersion: expected 1, found 2"),
    (
      "\"schemaVersion\" : 1", "\"schemaVersions\" : 1",
      "in.json: .schemaVersions: unknown key; did you mean 'schemaVersion'?"
    ),
    ("\"fusion\"", "\"fusions\"", "in.json: .policy.fusions: unknown key; did you mean 'fusion'?"),
    ("\"space\"", "\"spaces\"", "in.json: .architecture.spaces: unknown key; did you mean 'space'?"),
    (
      "\"activation\"", "\"all\"",
      "in.json: .policy.fusion: Cannot initialize FusionLevel from invalid String value all"
    ),
    (
      "\"rowTile\" : \"whole\"", "\"rowTile\" : 0",
      "in.json: .policy.rowTile: expected a positive number of rows, \"whole\" or \"fit\""
    ),
    (
      "\"rowTile\" : \"whole\"", "\"rowTile\" : 3",
      "in.json: the decision 'rowTile' cannot be '3'; valid are '1', '8', 'whole', 'fit'"
    ),
    (
      "\"rowTile\" : \"whole\"", "\"rowTile\" : \"8\"",
      "in.json: .policy.rowTile: expected a positive number of rows, \"whole\" or \"fit\""
    ),
    (
      "\"space\" : \"example\"", "\"space\" : \"other\"",
      "in.json: the candidate belongs to the search space 'other', not to 'example'"
    ),
    (
      "\"cell.edge0-1\"", "\"cell.edge0-9\"",
      "in.json: unknown decision 'cell.edge0-9'; did you mean 'cell.edge0-1'?"
    ),
    ("      \"cell.edge0-1\" : \"nor_conv_3x3\",\n", "", "in.json: the decision 'cell.edge0-1' is missing"),
    (
      "nor_conv_3x3", "nor_conv_5x5",
      "in.json: the decision 'cell.edge0-1' cannot be 'nor_conv_5x5'; did you mean 'nor_conv_3x3'?"
    ),
    ("{\n  \"arch", "[\n  \"arch", "in.json: not valid JSON"),
  ]

  @Test(arguments: mistakes)
  func mistake(old: String, new: String, message: String) throws {
    let text = try String(
      contentsOf: Spaces.formats.appendingPathComponent("Candidate.golden.json"), encoding: .utf8)
    try #require(text.contains(old))
    let data = Data(text.replacingOccurrences(of: old, with: new).utf8)
    #expect {
      try CandidateFile.decode(data, source: "in.json", in: Self.goldenSpace())
    } throws: { error in
      if "\(error)" != message { Issue.record("found: \(error)") }
      return error is SearchSpaceError
    }
  }

  @Test func missingFile() throws {
    let url = URL(fileURLWithPath: "/nonexistent/candidate.json")
    #expect {
      try CandidateFile.read(url, in: Self.goldenSpace())
    } throws: { "\($0)".contains("no such file or folder") }
  }
}
