import ComputationGraph
import Foundation
import Foundations
import Kernels
import MemoryPlanning
import ONNXInterchange
import TestSupport
import Testing

/// What rewritten files compute and need, by tools that are not ours: onnx.checker, ONNX Runtime, and a live peak in
/// Python.
@Suite struct RewritingTests {
  struct Job: Encodable {
    let original: String
    let rewritten: String
    let seed: Int
  }
  struct Found: Decodable {
    let difference: Double
    let livePeakBytes: Int
    let livePeakBytesWithoutInPlace: Int
    let weightsBefore: Int
    let weightsAfter: Int
    let untyped: [String]
    let typedButGone: [String]
  }

  /// Runs pairs of an original and a rewritten model.
  static func compare(_ pairs: [(original: Data, rewritten: Data)]) throws -> [Found] {
    let folder = try PythonEnvironment.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let jobs = try pairs.enumerated().map { index, pair in
      let urls = ["a", "b"].map { folder.appendingPathComponent("\(index).\($0).onnx") }
      try pair.original.write(to: urls[0])
      try pair.rewritten.write(to: urls[1])
      return Job(original: urls[0].path, rewritten: urls[1].path, seed: index)
    }
    let list = folder.appendingPathComponent("jobs.json")
    try JSONFile.encode(jobs).write(to: list)
    let answer = try PythonEnvironment.run("rewritten_models.py", [list.path])
    return try JSONDecoder().decode([Found].self, from: answer)
  }

  static func fileOrder(_ model: ONNXModel) throws -> Data {
    try model.reordered(by: model.schedulingGraph().graph.operatorIDs)
  }

  /// All sites of random models, some of them, and other orders of adding up.
  @Test func everySiteComputesTheSame() throws {
    var generator = SeededGenerator(seed: 41)
    var pairs: [(original: Data, rewritten: Data)] = []
    var keepsWeights: [Bool] = []
    var kinds: [Rewriting.Kind: Int] = [:]
    for round in 0..<80 {
      let sample = RewritingModel.random(steps: 6 + round / 4, using: &generator)
      let data = try sample.proto.serializedData()
      let model = try ONNXModel(data: data, source: "random\(round).onnx")
      let all = Set(sample.proto.graph.node.indices)
      var plans = [PartitionPlan(nodes: all)]
      let orders = all.map { ($0, Array(0..<(2 + $0 % 5)).shuffled(using: &generator)) }
      let some = all.sorted().filter { _ in Bool.random(using: &generator) }
      plans.append(
        PartitionPlan(
          nodes: Set(some), accumulation: Dictionary(uniqueKeysWithValues: orders.sorted { $0.0 < $1.0 })))
      for plan in plans {
        let (rewritten, sites) = try model.partitioned(by: plan)
        for site in sites { kinds[site.kind, default: 0] += 1 }
        pairs.append((data, try Self.fileOrder(rewritten)))
        keepsWeights.append(!sample.sharesWeights)
      }
    }
    let found = try Self.compare(pairs)
    #expect(found.count == pairs.count)
    for (index, (result, pair)) in zip(found, pairs).enumerated() {
      #expect(result.difference <= 1e-4, "model \(index / 2)")
      #expect(result.untyped.isEmpty && result.typedButGone.isEmpty, "model \(index / 2)")
      if keepsWeights[index] {
        #expect(result.weightsAfter == result.weightsBefore, "model \(index / 2)")
      } else {
        #expect(result.weightsAfter >= result.weightsBefore, "model \(index / 2)")
      }
      let graph = try ONNXModel(data: pair.rewritten, source: "rewritten.onnx").schedulingGraph().graph
      let profile = try MemoryProblem(graph: graph).evaluate(graph.operatorIDs)
      #expect(profile.peak.bytes == result.livePeakBytes, "model \(index / 2)")
    }
    #expect(Rewriting.Kind.allCases.allSatisfy { $0 == .elision || kinds[$0, default: 0] >= 40 }, "\(kinds)")
  }

  /// Networks of published cells with weights, small: what the search makes of them, and everything at once.
  @Test func cellNetworksComputeTheSameInLess() throws {
    var generator = SeededGenerator(seed: 5)
    var pairs: [(original: Data, rewritten: Data)] = []
    var peaks: [Int?] = []
    for genotype in [Genotype.dartsV2, .nasNetA, .amoebaNetA, .pnasNet5] {
      let graph = try PublishedNetworks.cifar(genotype, cellsPerStage: 1, filters: 8, imageSize: 16)
      let data = try ONNXExporter.model(
        graph: graph, order: graph.kahnOrder(), weights: .random(for: graph, using: &generator),
        producerVersion: "1")
      let model = try ONNXModel(data: data, source: "\(genotype.name).onnx")
      let rewriting = try model.rewritten(methods: .partitioning)
      #expect(rewriting.before.proof == .optimal && rewriting.after.proof == .optimal)
      #expect(rewriting.after.peak.bytes <= rewriting.before.peak.bytes)
      #expect(rewriting.sites.isEmpty == (rewriting.after.peak.bytes == rewriting.before.peak.bytes))
      #expect(rewriting.elidedConcats.isEmpty)
      pairs.append((data, try rewriting.model.reordered(by: rewriting.after.order)))
      peaks.append(rewriting.after.peak.bytes)
      let (all, sites) = try model.partitioned(by: PartitionPlan(nodes: Set(model.nodeNames.indices)))
      #expect(sites.count { $0.kind == .channelWise } >= 4)
      pairs.append((data, try Self.fileOrder(all)))
      peaks.append(nil)
    }
    for (index, (result, peak)) in zip(try Self.compare(pairs), peaks).enumerated() {
      #expect(result.difference <= 1e-4, "\(index)")
      #expect(result.weightsBefore == result.weightsAfter, "\(index)")
      if let peak { #expect(result.livePeakBytes == peak, "\(index)") }
    }
  }
}
