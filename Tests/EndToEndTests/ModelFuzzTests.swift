import Foundation
import Foundations
import TestSupport
import Testing

/// Damaged ONNX files, scheduled: each ends in an error that names the file or in a schedule that the referees agree
/// with, none in a trap, none late.
///
/// `TANDEM_FUZZ_FILES=10000` damages as many files as it says instead of 2,000, `TANDEM_FUZZ_SEED=4` others than usual.
@Suite(.serialized) struct ModelFuzzTests {
  private static let seed = number("TANDEM_FUZZ_SEED") ?? 3
  private static let fileCount = number("TANDEM_FUZZ_FILES") ?? 2000
  private static let batchSize = 500

  private static func number(_ variable: String) -> Int? {
    ProcessInfo.processInfo.environment[variable].flatMap { Int($0) }
  }

  /// What all batches came to.
  private struct Tally {
    var scheduled = 0
    var refused = 0
    var judged = 0
    var slowestSeconds = 0.0
    var residentBytes = 0
  }

  private struct Question: Encodable {
    let model: String
    let order: [Int]
  }

  @Test func damagedFilesAreErrorsOrSchedules() throws {
    let samples = try Scratch()
    defer { samples.remove() }
    let kinds = try ModelCorpus.sampleModels(in: samples.url)
    let corpus = try (kinds[.networks]! + kinds[.corners]!).map { [UInt8](try Data(contentsOf: $0)) }
    let own = corpus + (try ModelCorpus.publishedNetworks().map { [UInt8]($0.model) })
    let real = try ModelCorpus.publicGraphs().map { [UInt8](try Data(contentsOf: $0)) }
    for model in own + real {
      #expect(WireMessage(model[...]).encoded == model, "taking apart and putting together changes a model")
    }
    var tally = Tally()
    for first in stride(from: 0, to: Self.fileCount, by: Self.batchSize) {
      let batch = first..<min(Self.fileCount, first + Self.batchSize)
      try check(batch, own: own, real: real, &tally)
    }
    #expect(tally.scheduled + tally.refused == Self.fileCount)
    #expect(tally.scheduled > Self.fileCount / 10 && tally.refused > Self.fileCount / 10)
    #expect(tally.slowestSeconds < 5)
    #expect(tally.residentBytes < 1 << 30)
    print(
      "\(Self.fileCount) damaged files: \(tally.refused) refused, \(tally.scheduled) scheduled (\(tally.judged) judged by"
        + " live_peak.py), slowest \(tally.slowestSeconds) s, \(tally.residentBytes >> 20) MiB resident")
  }

  /// A pipe that nobody writes to stands for a file that never ends.
  @Test func filesThatEndTheBatchAreSeen() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let pipe = scratch.url.appendingPathComponent("pipe")
    #expect(mkfifo(pipe.path, 0o600) == 0)
    let text = URL(fileURLWithPath: try scratch.write("no model", to: "text"))
    let results = try BatchRunner([text, pipe, text], scratch: scratch, patienceSeconds: 1)
    #expect(results.lines.map(\.index) == [0, 2] && results.lines.allSatisfy { $0.outcome == .refused })
    #expect(results.deaths.map(\.index) == [1])
    #expect(results.deaths.first?.reason.hasPrefix("signal \(SIGALRM)") == true)
  }

  /// Damages, schedules and judges the files of one batch.
  private func check(
    _ batch: Range<Int>, own: [[UInt8]], real: [[UInt8]], _ tally: inout Tally
  ) throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    var files: [URL] = []
    var ways: [[ModelDamage]] = []
    for index in batch {
      var generator = SeededGenerator(seed: UInt64(Self.seed), stream: UInt64(index))
      // The public graphs are larger; a third of the files is enough.
      let models = !real.isEmpty && index % 3 == 0 ? real : own
      let model = models.randomElement(using: &generator)!
      let damaged = ModelDamage.apply(to: model, others: own, using: &generator)
      let file = scratch.url.appendingPathComponent("damaged-\(index).onnx")
      try Data(damaged.bytes).write(to: file)
      files.append(file)
      ways.append(damaged.ways)
    }
    func blame(_ index: Int, _ problem: String) {
      let kept = FileManager.default.temporaryDirectory.appendingPathComponent(
        "tandem-\(Self.seed)-\(files[index].lastPathComponent)")
      try? FileManager.default.removeItem(at: kept)
      try? FileManager.default.copyItem(at: files[index], to: kept)
      Issue.record(
        """
        file \(batch.lowerBound + index) of seed \(Self.seed), \(ways[index].map(\.rawValue)), kept as \
        \(kept.path): \(problem)
        """)
    }

    let results = try BatchRunner(files, scratch: scratch)
    for death in results.deaths { blame(death.index, "ScheduleBatch ended: \(death.reason)") }
    for line in results.lines {
      tally.slowestSeconds = max(tally.slowestSeconds, line.seconds)
      tally.residentBytes = max(tally.residentBytes, line.residentBytes)
      switch line.outcome {
      case .wrong: blame(line.index, line.message ?? "")
      case .scheduled: tally.scheduled += 1
      case .refused:
        tally.refused += 1
        if let fault = Self.fault(in: line.message ?? "", file: files[line.index]) {
          blame(line.index, fault)
        }
      }
      // Values of weights are never read, wherever they are said to be.
      if ways[line.index] == [.externalData], line.outcome != .scheduled {
        blame(line.index, "external data matters: \(line.message ?? "")")
      }
    }
    try judge(results.lines, files: files, scratch: scratch, &tally, blame)
    try compareWithCommand(results.lines, files: files, blame)
  }

  /// What is wrong with an error message, or nil.
  private static func fault(in message: String, file: URL) -> String? {
    if !message.contains(file.path) { return "the message does not name the file: \(message)" }
    if message.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
      return "the message holds control characters: \(message)"
    }
    return message.count > 1000 ? "the message is too long: \(message)" : nil
  }

  /// Peaks of the schedules by the Python referee, which reads the files itself.
  private func judge(
    _ lines: [BatchLine], files: [URL], scratch: Scratch, _ tally: inout Tally, _ blame: (Int, String) -> Void
  ) throws {
    let scheduled = lines.filter { $0.outcome == .scheduled }
    // All of them take longer than everything else together.
    let sample = Self.fileCount > 2000 ? scheduled : scheduled.filter { $0.index % 4 == 0 }
    let questions = sample.map { Question(model: files[$0.index].path, order: $0.order!) }
    let list = scratch.url.appendingPathComponent("questions.json")
    try JSONFile.encode(questions).write(to: list)
    let answers = try JSONDecoder().decode(
      [Int?].self, from: PythonEnvironment.run("judge_orders.py", [list.path]))
    #expect(answers.count == sample.count)
    for (line, answer) in zip(sample, answers) {
      guard let answer else { continue }
      tally.judged += 1
      if answer != line.peakBytes! {
        blame(line.index, "peak \(line.peakBytes!), live_peak.py finds \(answer)")
      }
    }
  }

  /// `tandem schedule` itself ends as `ScheduleBatch` says, on some of the files.
  private func compareWithCommand(_ lines: [BatchLine], files: [URL], _ blame: (Int, String) -> Void) throws {
    for line in lines.prefix(10) {
      let result = try Executable.run(["schedule", files[line.index].path, "--format", "json"])
      let expected = line.outcome == .scheduled ? 0 : 2
      if result.status != expected { blame(line.index, "exit code \(result.status): \(result.errors)") }
      if line.outcome == .refused {
        if result.errors != "error: \(line.message!)\n" || !result.output.isEmpty {
          blame(line.index, "tandem says '\(result.errors)', ScheduleBatch '\(line.message!)'")
        }
      } else {
        let report = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        if report?["peakBytes"] as? Int != line.peakBytes || report?["order"] as? [Int] != line.order {
          blame(line.index, "tandem and ScheduleBatch give different schedules")
        }
      }
    }
  }
}
