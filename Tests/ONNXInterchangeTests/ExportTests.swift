import ComputationGraph
import Foundation
import Foundations
import Kernels
import MemoryPlanning
import ONNXInterchange
import TestSupport
import Testing

/// Exported models against tools that are not ours: onnx.checker, ONNX Runtime, and a live peak in Python.
@Suite struct ExportTests {
  private struct Job: Encodable {
    let model: String
    let input: String
    let output: String
  }
  private struct Found: Decodable {
    let nodes: [String]
    let executed: [String]
    let livePeakBytes: Int
    let livePeakBytesWithoutSharing: Int
    let producer: [String]
    let metadata: [String: String]
    let opset: [String: Int]
    let inputs: [String]
    let outputs: [String]
    let untypedTensors: [String]
  }

  /// A random valid order: any ready operator next.
  private func randomOrder(of graph: Graph, using generator: inout SeededGenerator) -> [OperatorID] {
    var done: Set<OperatorID> = []
    var order: [OperatorID] = []
    while order.count < graph.operators.count {
      let ready = graph.operatorIDs.filter { id in
        !done.contains(id) && graph.predecessors[id.index].allSatisfy(done.contains)
      }
      let next = ready.randomElement(using: &generator)!
      done.insert(next)
      order.append(next)
    }
    return order
  }

  @Test func checkerRuntimeAndPeaksAgree() throws {
    var generator = SeededGenerator(seed: 21)
    let folder = try PythonEnvironment.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var jobs: [Job] = []
    var expected: [(graph: Graph, order: [OperatorID], values: [Float])] = []
    for round in 0..<60 {
      let graph = RandomExecutableGraph.make(operators: 4 + round / 4, using: &generator)
      let order = randomOrder(of: graph, using: &generator)
      var weights = WeightValues.random(for: graph, using: &generator)
      for name in weights.names where name.hasSuffix(".mean") || name.hasSuffix(".shift") {
        weights[name] = weights[name]!.map { _ in Float(generator.nextNormal()) }
      }
      let input = (0..<graph[graph.inputs[0]].shape.elementCount).map { _ in Float(generator.nextNormal()) }
      let values = ReferenceExecutor.run(graph: graph, weights: weights, inputs: [graph.inputs[0]: input])
      let paths = ["onnx", "in", "out"].map { folder.appendingPathComponent("\(round).\($0)") }
      try ONNXExporter.model(
        graph: graph, order: order, weights: weights, producerVersion: "1.2.3",
        metadata: ["tandem.round": "\(round)", "tandem.note": "é"]
      ).write(to: paths[0])
      try input.withUnsafeBytes { try Data($0).write(to: paths[1]) }
      jobs.append(Job(model: paths[0].path, input: paths[1].path, output: paths[2].path))
      expected.append((graph, order, graph.outputs.flatMap { values[$0]! }))
    }
    let list = folder.appendingPathComponent("jobs.json")
    try JSONFile.encode(jobs).write(to: list)
    let answer = try PythonEnvironment.run("run_models.py", [list.path])
    let found = try JSONDecoder().decode([Found].self, from: answer)
    #expect(found.count == jobs.count)
    for (round, (job, result)) in zip(jobs, found).enumerated() {
      let (graph, order, values) = expected[round]
      let nodes = try ONNXExporter.nodes(graph: graph, order: order)
      #expect(result.nodes == nodes.map(\.name))
      #expect(result.executed == result.nodes, "PRIORITY_BASED keeps the order")
      var owners: [OperatorID] = []
      for node in nodes where owners.last != node.operatorID { owners.append(node.operatorID) }
      #expect(owners == order, "nodes of one operator are neighbours, operators in the planned order")
      #expect(result.producer == ["tandem", "1.2.3"])
      #expect(result.metadata == ["tandem.round": "\(round)", "tandem.note": "é"])
      #expect(result.inputs == ["image"] && result.outputs.first == "logits")
      #expect(result.outputs == graph.outputs.map { graph[$0].name })
      #expect(result.untypedTensors.isEmpty)

      let output = try Data(contentsOf: URL(fileURLWithPath: job.output)).withUnsafeBytes {
        Array($0.bindMemory(to: Float.self))
      }
      #expect(output.count == values.count)
      let scale = values.map(abs).max()!
      let difference = zip(output, values).map { abs($0 - $1) }.max()!
      #expect(difference <= 1e-4 * scale, "round \(round): \(difference) of \(scale)")

      let imported = try ONNXModel.load(from: URL(fileURLWithPath: job.model)).schedulingGraph().graph
      #expect(imported.operators.map(\.name) == result.nodes)
      let problem = MemoryProblem(graph: imported, model: MemoryModel())
      #expect(try problem.evaluate(imported.operatorIDs).peak.bytes == result.livePeakBytes)
      let plain = MemoryProblem(graph: imported, model: MemoryModel(inPlace: false, views: false))
      #expect(
        try plain.evaluate(imported.operatorIDs).peak.bytes == result.livePeakBytesWithoutSharing)
    }
    #expect(
      Set(found.compactMap { $0.opset[""] }) == [
        ONNXExporter.opset, ONNXExporter.dilatedPoolOpset, ONNXExporter.geluOpset,
      ])
  }

  @Test func equalArgumentsGiveEqualBytes() throws {
    var generator = SeededGenerator(seed: 5)
    let graph = RandomExecutableGraph.make(operators: 12, using: &generator)
    let weights = WeightValues.random(for: graph, using: &generator)
    let metadata = Dictionary(uniqueKeysWithValues: (0..<20).map { ("tandem.\($0)", "v\($0)") })
    func write() throws -> Data {
      try ONNXExporter.model(
        graph: graph, order: graph.kahnOrder(), weights: weights, producerVersion: "1", metadata: metadata)
    }
    #expect(try write() == write())
    #expect(try ONNXModel(data: write(), source: "again.onnx").metadata == metadata)
  }

  @Test func refusesWhatCannotBeWritten() throws {
    var generator = SeededGenerator(seed: 5)
    let graph = RandomExecutableGraph.make(operators: 6, using: &generator)
    var weights = WeightValues.random(for: graph, using: &generator)
    let order = graph.kahnOrder()
    #expect(throws: ONNXError.self) {
      try ONNXExporter.model(
        graph: graph, order: Array(order.reversed()), weights: weights, producerVersion: "1")
    }
    weights["logits.weight"]!.removeLast()
    let error = #expect(throws: ONNXError.self) {
      try ONNXExporter.model(graph: graph, order: order, weights: weights, producerVersion: "1")
    }
    #expect("\(error!)".hasPrefix("'logits.weight' cannot be written"))

    var builder = GraphBuilder(name: "opaque")
    let x = builder.input("image", shape: [2])
    let y = builder.addOpaque("Mystery", [x], outputs: [[2]])
    let opaque = try builder.build(outputs: y)
    #expect(
      throws: ONNXError.cannotExport(name: opaque.operators[0].name, reason: "Mystery can be scheduled only")
    ) {
      try ONNXExporter.model(
        graph: opaque, order: opaque.operatorIDs, weights: WeightValues(), producerVersion: "1")
    }
  }
}
