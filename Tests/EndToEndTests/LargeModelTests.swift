import ComputationGraph
import Foundation
import Foundations
import MemoryPlanning
import TestSupport
import Testing

/// `tandem schedule` on models that are large or hard: within the time and memory that it promises, with a bound
/// that holds and a peak that the referee finds too.
@Suite(.serialized) struct LargeModelTests {
  /// What is checked of the JSON that `tandem schedule` prints.
  private struct Report: Decodable {
    let peakBytes: Int
    let lowerBoundBytes: Int
    let provedOptimal: Bool
    let arenaBytes: Int
    let order: [Int]
  }

  /// Exports a graph, schedules it by the command and checks what is printed against the graph.
  private func schedule(
    _ graph: Graph, _ options: [String] = [], withinSeconds: Double, using generator: inout SeededGenerator
  ) throws -> Report {
    let scratch = try Scratch()
    defer { scratch.remove() }
    // Another order than the one that the network was built in.
    let listed = RandomGraphs.order(of: graph, using: &generator)
    let file = scratch.url.appendingPathComponent("large.onnx")
    try ModelCorpus.exported(graph, order: listed, using: &generator).write(to: file)
    let run = try MeasuredProcess(["schedule", file.path, "--format", "json"] + options, scratch: scratch)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.seconds < withinSeconds)
    #expect(run.residentBytes < 1 << 30)
    let report = try JSONFile.decode(Report.self, from: run.output, source: "large.onnx")
    print(
      "\(graph.name), \(graph.operators.count) operators: \(run.seconds) s, \(run.residentBytes >> 20) MiB,"
        + " peak \(report.peakBytes), bound \(report.lowerBoundBytes), arena \(report.arenaBytes)")
    #expect(report.lowerBoundBytes <= report.peakBytes && report.arenaBytes >= report.peakBytes)
    #expect(report.provedOptimal == (report.lowerBoundBytes == report.peakBytes))
    let order = report.order.map { listed[$0] }
    #expect(graph.isValidOrder(order))
    #expect(PeakReferee(graph: graph).peak(order) == report.peakBytes)
    return report
  }

  @Test func tenThousandOperators() throws {
    var generator = SeededGenerator(seed: 31)
    let graph = try PublishedNetworks.cifar(.dartsV2, cellsPerStage: 84, filters: 4, imageSize: 8)
    #expect(graph.operators.count >= 10_000)
    let report = try schedule(graph, withinSeconds: 10, using: &generator)
    #expect(report.provedOptimal)
  }

  /// Every branch widens the image to a size of its own and narrows it again.
  @Test func starOfThousandBranches() throws {
    var generator = SeededGenerator(seed: 32)
    var builder = GraphBuilder(name: "star")
    let image = builder.input("image", shape: [1, 2, 4, 4])
    func pointwise(_ x: TensorID, channels: Int) throws -> TensorID {
      try builder.convolution(x, outputChannels: channels, window: Window2D(kernel: Size2D(1)), bias: false)
    }
    let ends = try (0..<1000).map { _ in
      let wide = try pointwise(image, channels: Int.random(in: 2...60, using: &generator))
      return try pointwise(wide, channels: Int.random(in: 1...12, using: &generator))
    }
    let joined = try builder.add(.concat(axis: 1), ends)
    let graph = try builder.build(outputs: [joined])
    _ = try schedule(graph, ["--time-limit", "3s"], withinSeconds: 5.5, using: &generator)
  }

  @Test func randomlyWiredStages() throws {
    var generator = SeededGenerator(seed: 33)
    let graph = try PublishedNetworks.randWire(nodes: 64, channels: 8, imageSize: 32, using: &generator)
    _ = try schedule(graph, ["--time-limit", "3s"], withinSeconds: 5.5, using: &generator)
  }
}
