import Foundation
import Foundations
import TestSupport
import Testing

/// `tandem schedule` on models that are odd or that cannot be planned, and with files that cannot be read or written:
/// a schedule or one clear line, and nothing is lost.
@Suite(.serialized) struct ScheduleMistakeTests {
  /// What is checked of the JSON that `tandem schedule` prints.
  private struct Report: Decodable {
    let peakBytes: Int
    let provedOptimal: Bool
    let order: [Int]
    let orderNames: [String]
  }

  /// A folder with the sample models and a file that must survive.
  private struct Samples {
    let scratch: Scratch
    let precious: String

    init() throws {
      scratch = try Scratch()
      _ = try ModelCorpus.sampleModels(in: scratch.url)
      precious = try scratch.write("precious\n", to: "precious.onnx")
    }

    func path(_ kind: ModelCorpus.Kind, _ name: String) -> String {
      scratch.path("\(kind.rawValue)/\(name).onnx")
    }

    /// Whether the file that was there before is still as it was, with nothing left lying around it.
    var isUntouched: Bool {
      let names = try? FileManager.default.contentsOfDirectory(atPath: scratch.url.path)
      return (try? String(contentsOfFile: precious, encoding: .utf8)) == "precious\n"
        && names?.contains { AtomicFile.isTemporary($0) } == false
    }
  }

  @Test func cornersAreScheduled() throws {
    let samples = try Samples()
    defer { samples.scratch.remove() }
    // Peaks by hand: bytes of the tensors that are live together.
    let expected: [(name: String, peakBytes: Int, operators: [String])] = [
      ("input-is-output", 0, []), ("single-constant", 0, []), ("constant-and-input", 0, []),
      ("weight-is-output", 0, []), ("scalar", 4, ["Neg_0"]), ("single-node", 96, ["relu.0"]),
      ("repeated-names", 8, ["same", "same_2", "same_3"]),
      ("unknown-operators", 112, ["fancy", "Another_1"]),
    ]
    for (name, peakBytes, operators) in expected {
      let written = samples.scratch.path("\(name).written.onnx")
      let result = try Executable.run([
        "schedule", samples.path(.corners, name), "--output", written, "--plan", written + ".json", "--plot",
        written + ".svg", "--format", "json",
      ])
      #expect(result.status == 0 && result.errors.isEmpty, "\(name): \(result)")
      let report = try JSONFile.decode(Report.self, from: Data(result.output.utf8), source: name)
      #expect(report.peakBytes == peakBytes && report.provedOptimal, "\(name): \(report)")
      #expect(report.orderNames == operators, "\(name): \(report)")
      let again = try Executable.run(["schedule", written])
      #expect(again.status == 0 && again.output.contains("proved optimal"), "\(name): \(again)")
    }
  }

  @Test func modelsThatCannotBePlannedAreRefused() throws {
    let samples = try Samples()
    defer { samples.scratch.remove() }
    let expected = [
      ("if", "node 'choice' (If) has a body of its own"),
      ("loop", "node 'repeated' (Loop) has a body of its own"),
      ("scan", "node 'scanned' (Scan) has a body of its own"),
      ("zero-extent", "tensor 'image': dimension 2 is 0"),
      ("dynamic", "dimension 0 of tensor 'image' is dynamic ('batch')"),
      ("no-outputs", "the graph has no outputs"),
      ("cycle", "the graph has a cycle through 'first', 'second'"),
    ]
    for (name, message) in expected {
      let model = samples.path(.refused, name)
      let result = try Executable.run(["schedule", model, "--output", samples.precious])
      #expect(result.status == 2 && result.output.isEmpty, "\(name): \(result)")
      #expect(result.errors.hasPrefix("error: \(model): \(message)"), "\(name): \(result.errors)")
      #expect(result.errors.count { $0 == "\n" } == 1, "\(name): \(result.errors)")
      #expect(samples.isUntouched, "\(name)")
    }
  }

  @Test func filesThatAreNoModelAreRefused() throws {
    let samples = try Samples()
    defer { samples.scratch.remove() }
    let whole = try Data(contentsOf: URL(fileURLWithPath: samples.path(.networks, "skips")))
    for (name, content) in [
      ("empty", Data()), ("cut", whole.prefix(whole.count / 2)), ("text", Data("hello\n".utf8)),
    ] {
      try content.write(to: samples.scratch.url.appendingPathComponent(name))
    }
    let expected = [
      ("empty", "the file is empty"), ("cut", "truncated or damaged"), ("text", "not a readable ONNX model"),
      ("networks", "it is a folder"), ("nowhere", "no such file or folder"),
      ("text/x", "is a file, not a folder"),
    ]
    for (name, message) in expected {
      let result = try Executable.run(["schedule", samples.scratch.path(name), "--output", samples.precious])
      #expect(result.status == 2 && result.output.isEmpty, "\(name): \(result)")
      #expect(
        result.errors.contains(samples.scratch.path(name)) && result.errors.contains(message), "\(result)")
      #expect(samples.isUntouched, "\(name)")
    }
  }

  @Test func filesThatCannotBeWrittenAreNamed() throws {
    let samples = try Samples()
    defer { samples.scratch.remove() }
    let model = samples.path(.networks, "constants")
    for option in ["--output", "--plan", "--plot"] {
      for (place, message) in [
        (samples.scratch.path("nowhere/x"), "no such file or folder"),
        (samples.scratch.url.path, "it is a folder"),
        (samples.precious + "/x", "is a file, not a folder"), ("/proc/x", "/proc/x"),
      ] {
        let result = try Executable.run(["schedule", model, option, place])
        #expect(result.status == 2 && result.output.isEmpty, "\(option) \(place): \(result)")
        #expect(
          result.errors.contains(place) && result.errors.contains(message), "\(option) \(place): \(result)")
        #expect(samples.isUntouched, "\(option) \(place)")
      }
    }
  }

  /// The model may be written back in its new order; writing it twice changes nothing more.
  @Test func modelMayBeReorderedInPlace() throws {
    let samples = try Samples()
    defer { samples.scratch.remove() }
    let model = samples.path(.networks, "tangle-21")
    let first = try Executable.run(["schedule", model, "--output", model, "--format", "json"])
    #expect(first.status == 0, "\(first.errors)")
    let second = try Executable.run(["schedule", model, "--scheduler", "file", "--format", "json"])
    let reports = try [first, second].map {
      try JSONFile.decode(Report.self, from: Data($0.output.utf8), source: model)
    }
    #expect(reports[0].order != reports[0].order.sorted() && reports[1].order == reports[1].order.sorted())
    #expect(reports[0].peakBytes == reports[1].peakBytes)
    #expect(reports[0].orderNames == reports[1].orderNames)
  }

  /// However a file is named, no option overwrites the model or what another option writes.
  @Test func filesAreNotConfused() throws {
    let samples = try Samples()
    defer { samples.scratch.remove() }
    let model = samples.path(.networks, "constants")
    let before = try Data(contentsOf: URL(fileURLWithPath: model))
    let link = samples.scratch.path("link.onnx")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: model)
    let result = samples.scratch.path("result")
    let same = samples.scratch.path("corners/../result")
    for (arguments, message) in [
      (["--plan", model], "--plan: \(model) is the model itself"),
      (["--plot", link], "--plot: \(link) is the model itself"),
      (["--plan", result, "--plot", same], "--plan and --plot name the same file"),
      (["--output", same, "--plan", result], "--output and --plan name the same file"),
    ] {
      let outcome = try Executable.run(["schedule", model] + arguments)
      #expect(outcome.status == 2 && outcome.output.isEmpty, "\(arguments): \(outcome)")
      #expect(outcome.errors.contains(message), "\(arguments): \(outcome)")
      #expect(try Data(contentsOf: URL(fileURLWithPath: model)) == before)
      #expect(!FileManager.default.fileExists(atPath: result))
    }
  }
}
