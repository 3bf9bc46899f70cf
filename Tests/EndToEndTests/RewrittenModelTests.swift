import Foundation
import Foundations
import TestSupport
import Testing

/// `tandem schedule --rewrite`: what is written computes what the model computed, in less memory, by the word of
/// onnx.checker, ONNX Runtime and the Python referee.
@Suite struct RewrittenModelTests {
  private struct Job: Encodable {
    let original: String
    let rewritten: String
    let seed: Int
  }

  /// What rewritten_models.py finds.
  private struct Comparison: Decodable {
    let difference: Double
    let livePeakBytes: Int
    let weightsBefore: Int
    let weightsAfter: Int
  }

  /// What is checked of the JSON that `tandem schedule` prints.
  private struct Report: Decodable {
    struct Rewriting: Decodable {
      struct Site: Decodable {
        let kind: String
        let parts: Int
      }
      let peakBytesBefore: Int
      let sites: [Site]
    }
    let peakBytes: Int
    let order: [Int]
    let rewriting: Rewriting
  }

  /// Networks of published cells, deep enough for the peak to lie where rewriting helps, with random weights.
  private static func networks() throws -> [(name: String, model: Data)] {
    var generator = SeededGenerator(seed: 15)
    var graphs = try Genotype.all.map {
      ($0.name, try PublishedNetworks.cifar($0, cellsPerStage: 3, filters: 8, imageSize: 16))
    }
    for nodes in [16, 32] {
      let graph = try PublishedNetworks.randWire(
        nodes: nodes, stages: 2, channels: 8, imageSize: 32, using: &generator)
      graphs.append(("RandWire-\(nodes)", graph))
    }
    return try graphs.map { name, graph in
      (name, try ModelCorpus.exported(graph, order: graph.kahnOrder(), using: &generator))
    }
  }

  @Test func rewrittenModelsComputeTheSameInLessMemory() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    var jobs: [Job] = []
    var reports: [Report] = []
    for (name, model) in try Self.networks() {
      let file = scratch.url.appendingPathComponent("\(name).onnx")
      try model.write(to: file)
      let written = scratch.path("\(name).rewritten.onnx")
      let plot = scratch.path("\(name).svg")
      let result = try Executable.run([
        "schedule", file.path, "--rewrite", "--output", written, "--plot", plot, "--format", "json",
      ])
      #expect(result.status == 0 && result.errors.isEmpty, "\(name): \(result.errors)")
      reports.append(try JSONFile.decode(Report.self, from: Data(result.output.utf8), source: name))
      jobs.append(Job(original: file.path, rewritten: written, seed: jobs.count))
      #expect(try String(contentsOfFile: plot, encoding: .utf8).hasPrefix("<svg "))
    }
    let list = scratch.url.appendingPathComponent("jobs.json")
    try JSONFile.encode(jobs).write(to: list)
    let comparisons = try JSONDecoder().decode(
      [Comparison].self, from: PythonEnvironment.run("rewritten_models.py", [list.path]))
    #expect(comparisons.count == jobs.count)
    var saving = 0
    for (job, (report, found)) in zip(jobs, zip(reports, comparisons)) {
      let name = URL(fileURLWithPath: job.original).lastPathComponent
      print(
        "\(name): \(report.rewriting.peakBytesBefore) to \(report.peakBytes) bytes,",
        "\(report.rewriting.sites.count) sites, difference \(found.difference)")
      #expect(found.difference < 1e-5, "\(name): the outputs differ")
      #expect(found.weightsAfter <= found.weightsBefore, "\(name): weights were copied")
      #expect(report.order == Array(report.order.sorted()), "\(name): the indices are not the written file's")
      #expect(
        report.rewriting.sites.isEmpty
          ? report.peakBytes == report.rewriting.peakBytesBefore
          : report.peakBytes < report.rewriting.peakBytesBefore, "\(name): rewritten without need")
      // Only the plan knows which Concats copy nothing.
      if !report.rewriting.sites.contains(where: { $0.kind == "elision" }) {
        #expect(found.livePeakBytes == report.peakBytes, "\(name): the written file's peak is another")
      }
      if !report.rewriting.sites.isEmpty { saving += 1 }
    }
    #expect(saving >= 2, "nothing is rewritten")
  }
}
