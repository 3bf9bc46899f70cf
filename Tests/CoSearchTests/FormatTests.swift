import CoSearch
import Foundation
import Foundations
import Testing

@Suite struct FormatTests {
  private func golden<Value: Codable>(_ type: Value.Type, _ name: String) throws -> Value {
    let url = packageFolder.appending(path: "Sources/\(name).golden.json")
    let data = try Data(contentsOf: url)
    let value = try JSONFile.decode(type, from: data, source: url.path)
    #expect(try JSONFile.encode(value) == data, "\(name) is not written back identically")
    return value
  }

  @Test func goldenExamplesReadAndWriteBackIdentically() throws {
    let evaluation = try golden(CandidateEvaluation.self, "CoSearch/Formats/CandidateEvaluation")
    guard case .measured(let measurement) = evaluation.outcome else {
      Issue.record("the golden evaluation is a measurement")
      return
    }
    let peak = measurement.devices["mcu-256k"]!.peak
    #expect(
      peak.inputBytes + peak.outputBytes + peak.otherLiveBytes + peak.workspaceBytes == peak.bytes)
  }

  @Test func otherVersionsAreRefused() throws {
    let text = #"{"schemaVersion": 2, "candidate": {}}"#
    #expect {
      try JSONFile.decode(CandidateEvaluation.self, from: Data(text.utf8), source: "x.json")
    } throws: {
      "\($0)".contains("schemaVersion") && "\($0)".contains("2")
    }
  }

  @Test func everyOutcomeSurvivesJSON() throws {
    let rejection = Rejection(
      reason: .memoryArena, peakBytes: 5, limitBytes: 4, operatorName: "conv", provedInfeasible: false)
    let outcomes: [TrialOutcome] = [
      .rejected(["a": rejection]),
      .failed(TrialFailure(stage: .accuracy, message: "diverged", rejections: ["b": rejection])),
    ]
    for outcome in outcomes {
      let data = try JSONFile.encode(outcome)
      #expect(try JSONFile.decode(TrialOutcome.self, from: data, source: "memory") == outcome)
    }
  }
}
