import Foundation
import Foundations
import TestSupport
import Testing

/// `tandem schedule --output`: the written model is the same network in the order that was printed, with the peak
/// that was printed, by the word of onnx.checker, ONNX Runtime and the Python referee.
@Suite struct ReorderedModelTests {
  private struct Job: Encodable {
    let original: String
    let reordered: String
  }

  /// What compare_models.py finds.
  private struct Comparison: Decodable {
    let order: [Int]
    let keepsEveryNode: Bool
    let constantsFirst: Bool
    let keepsTheRest: Bool
    let outputs: Int
    let identical: Bool
    let finite: Bool
    let optimizedDifference: Double
    let peakBytes: Int
    let fileOrderPeakBytes: Int
  }

  /// What is checked of the JSON that `tandem schedule` prints.
  private struct Report: Decodable {
    let peakBytes: Int
    let baselinePeakBytes: Int
    let provedOptimal: Bool
    let order: [Int]
  }

  @Test func reorderedModelsComputeTheSame() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    var models = try #require(ModelCorpus.sampleModels(in: scratch.url)[.networks])
    for (name, model) in try ModelCorpus.publishedNetworks() {
      let file = scratch.url.appendingPathComponent("\(name).onnx")
      try model.write(to: file)
      models.append(file)
    }
    #expect(models.count >= 20)
    var jobs: [Job] = []
    var reports: [Report] = []
    // The file's order is changed on purpose by schedulers that do not look at memory, too.
    let schedulers = ["exact", "exact", "hmcos", "exact", "rpo"]
    for (index, model) in models.enumerated() {
      let reordered = scratch.path("reordered-\(index).onnx")
      let result = try Executable.run([
        "schedule", model.path, "--scheduler", schedulers[index % schedulers.count], "--output", reordered,
        "--format",
        "json",
      ])
      #expect(result.status == 0, "\(model.lastPathComponent): \(result.errors)")
      reports.append(try JSONFile.decode(Report.self, from: Data(result.output.utf8), source: model.path))
      jobs.append(Job(original: model.path, reordered: reordered))
    }
    let list = scratch.url.appendingPathComponent("jobs.json")
    try JSONFile.encode(jobs).write(to: list)
    let comparisons = try JSONDecoder().decode(
      [Comparison].self, from: PythonEnvironment.run("compare_models.py", [list.path]))
    #expect(comparisons.count == models.count)
    var moved = 0
    for ((model, report), found) in zip(zip(models, reports), comparisons) {
      let name = model.lastPathComponent
      #expect(found.order == report.order, "\(name): the written order is not the printed one")
      #expect(found.keepsEveryNode && found.constantsFirst && found.keepsTheRest, "\(name): \(found)")
      #expect(found.outputs > 0 && found.finite, "\(name): the outputs say nothing")
      #expect(found.identical, "\(name): the outputs differ")
      #expect(found.optimizedDifference <= 1e-5, "\(name): the optimised outputs differ")
      #expect(found.peakBytes == report.peakBytes, "\(name): the written file's peak is not the printed one")
      #expect(found.fileOrderPeakBytes == report.baselinePeakBytes, "\(name)")
      #expect(!report.provedOptimal || report.peakBytes <= found.fileOrderPeakBytes, "\(name)")
      if report.order != report.order.sorted() { moved += 1 }
    }
    #expect(moved >= 12, "too few orders are other than the file's")
  }
}
