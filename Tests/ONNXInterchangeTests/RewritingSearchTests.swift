import ComputationGraph
import Foundation
import Foundations
import MemoryPlanning
import ONNXInterchange
import TestSupport
import Testing

/// Which sites are chosen, and what is left of a model that is rewritten.
@Suite struct RewritingSearchTests {
  /// Two convolutions of an image, concatenated and convolved again: 4 + 4 channels of 64 values, then 2.
  private func branches(activation: String? = nil, depthwise: Bool = false) -> SampleModel {
    var sample = SampleModel()
    sample.input("image", [1, 1, 8, 8])
    for branch in ["a", "b"] {
      sample.weight("\(branch).w", [4, 1, 1, 1])
      sample.node("Conv", ["image", "\(branch).w"], [branch], name: "conv.\(branch)")
      sample.between(branch, [1, 4, 8, 8])
    }
    sample.node("Concat", ["a", "b"], ["joined"], name: "join")
    sample.proto.graph.node[2].attribute = [.integer("axis", 1)]
    sample.between("joined", [1, 8, 8, 8])
    var last = "joined"
    if let activation {
      sample.node(activation, [last], ["active"], name: "activation")
      sample.between("active", [1, 8, 8, 8])
      last = "active"
    }
    if depthwise {
      sample.weight("w", [8, 1, 3, 3])
      sample.node("Conv", [last, "w"], ["y"], name: "final")
      sample.proto.graph.node[sample.proto.graph.node.count - 1].attribute = [.integer("group", 8)]
      sample.output("y", [1, 8, 6, 6])
    } else {
      sample.weight("w", [2, 8, 1, 1])
      sample.node("Conv", [last, "w"], ["y"], name: "final")
      sample.output("y", [1, 2, 8, 8])
    }
    return sample
  }

  /// 256 bytes a channel. Before: at the Concat 4 + 4 + 8. After: image, branch and partial sums: the second branch
  /// is computed while the image (1), and the first sum (2) are live: 1 + 2 + 4 = 7; then 2 + 4 + 2 = 8.
  @Test func theSumOfPartsNeedsWhatTheSketchSays() throws {
    let model = try branches().model()
    let rewriting = try model.rewritten(methods: .partitioning)
    #expect(rewriting.before.peak.bytes == 16 * 256)
    #expect(rewriting.after.peak.bytes == 8 * 256)
    #expect(rewriting.sites == [Rewriting.Site(kind: .channelWise, node: "final", parts: 2)])
    let graph = try rewriting.model.schedulingGraph().graph
    #expect(graph.operators.map(\.name) == ["conv.a", "conv.b", "final.part0", "final.part1", "final.sum1"])
    #expect(graph.operators[4].outputs.map { graph[$0].name } == ["y"])
    #expect(
      graph.weights.map { graph[$0].shape }.sorted { $0.dimensions.lexicographicallyPrecedes($1.dimensions) }
        == [[2, 4, 1, 1], [2, 4, 1, 1], [4, 1, 1, 1], [4, 1, 1, 1]])
    #expect(try rewriting.model.reordered(by: rewriting.after.order).count > 0)
  }

  /// Elided, the Concat costs nothing: 8 + 2 at the convolution. Both methods: the better one.
  @Test func elisionCompetes() throws {
    let model = try branches().model()
    let elided = try model.rewritten(methods: .elision)
    #expect(elided.after.peak.bytes == 10 * 256)
    #expect(elided.sites == [Rewriting.Site(kind: .elision, node: "join", parts: 2)])
    #expect(elided.elidedConcats == [OperatorID(2)])
    #expect(try elided.model.reordered(by: elided.after.order) == model.reordered(by: elided.after.order))
    let both = try model.rewritten()
    #expect(both.after.peak.bytes == 8 * 256)
    #expect(both.sites.map(\.kind) == [.channelWise])
  }

  @Test func whatStandsBetweenIsDividedToo() throws {
    let model = try branches(activation: "Relu").model()
    let rewriting = try model.rewritten(methods: .partitioning)
    #expect(rewriting.after.peak.bytes == 8 * 256)
    #expect(
      rewriting.sites == [
        Rewriting.Site(kind: .perChannel, node: "activation", parts: 2),
        Rewriting.Site(kind: .channelWise, node: "final", parts: 2),
      ])
    // Softmax looks at all channels.
    let softmax = try branches(activation: "Softmax").model().rewritten(methods: .partitioning)
    #expect(softmax.sites.isEmpty && softmax.after.peak.bytes == softmax.before.peak.bytes)
  }

  /// The results of depthwise convolutions are concatenated: 36 of 64 values are left of each channel.
  @Test func depthwiseConvolutionsStayDepthwise() throws {
    let rewriting = try branches(depthwise: true).model().rewritten(methods: .partitioning)
    #expect(rewriting.sites == [Rewriting.Site(kind: .kernelWise, node: "final", parts: 2)])
    #expect(rewriting.before.peak.bytes == 16 * 256)
    #expect(rewriting.after.peak.bytes == 16 * 144)
    let graph = try rewriting.model.schedulingGraph().graph
    #expect(graph.operators.map(\.name).suffix(3) == ["final.part0", "final.part1", "final.concat"])
  }

  /// An output stays, whoever reads its parts; other readers keep the Concat too.
  @Test func concatsThatAreNeededStay() throws {
    var sample = branches()
    sample.output("joined", [1, 8, 8, 8])
    var (model, sites) = try sample.model().partitioned(by: PartitionPlan(nodes: [2, 3]))
    #expect(sites.map(\.node) == ["final"])
    #expect(model.nodeNames.contains("join"))
    sample = branches()
    sample.node("Softmax", ["joined"], ["z"], name: "softmax")
    sample.output("z", [1, 8, 8, 8])
    (model, sites) = try sample.model().partitioned(by: PartitionPlan(nodes: [3, 4]))
    #expect(sites.map(\.node) == ["final"])
    #expect(
      model.nodeNames == ["conv.a", "conv.b", "join", "final.part0", "final.part1", "final.sum1", "softmax"])
  }

  /// A weight that whoever runs the model may replace is not divided.
  @Test func replaceableWeightsAreLeftAlone() throws {
    var sample = branches()
    sample.input("w", [2, 8, 1, 1])
    #expect(try sample.model().rewritten().sites.map(\.kind) == [.elision])
    sample.proto.irVersion = 3
    let rewriting = try sample.model().rewritten()
    #expect(rewriting.sites.map(\.kind) == [.channelWise])
    let graph = try rewriting.model.schedulingGraph().graph
    #expect(graph.inputs.map { graph[$0].name } == ["image"])
  }

  /// No site of a random model's result can be left out, and the search ends within its time.
  @Test func sitesAreNeeded() throws {
    var generator = SeededGenerator(seed: 8)
    var helped = 0
    for round in 0..<30 {
      let sample = RewritingModel.random(steps: 10, using: &generator)
      let model = try ONNXModel(data: sample.proto.serializedData(), source: "random\(round).onnx")
      let rewriting = try model.rewritten(methods: .partitioning)
      #expect(rewriting.after.peak.bytes <= rewriting.before.peak.bytes)
      guard !rewriting.sites.isEmpty, rewriting.after.proof == .optimal else { continue }
      helped += 1
      #expect(rewriting.after.peak.bytes < rewriting.before.peak.bytes)
      func label(_ index: Int) -> String {
        let node = sample.proto.graph.node[index]
        return node.name.isEmpty ? node.output[0] : node.name
      }
      let chosen = Set(rewriting.sites.map(\.node))
      let nodes = Set(sample.proto.graph.node.indices.filter { chosen.contains(label($0)) })
      #expect(nodes.count == rewriting.sites.count)
      for node in nodes {
        let (less, _) = try model.partitioned(by: PartitionPlan(nodes: nodes.subtracting([node])))
        let schedule = try ExactScheduler().schedule(MemoryProblem(graph: less.schedulingGraph().graph))
        #expect(schedule.peak.bytes > rewriting.after.peak.bytes, "round \(round): \(label(node))")
      }
    }
    #expect(helped >= 5)
  }

  /// Both methods on random models: the peaks by the tests' own reckoning, elided Concats included.
  @Test func peaksAreTheReferees() throws {
    var generator = SeededGenerator(seed: 9)
    var kinds: Set<Rewriting.Kind> = []
    for round in 0..<40 {
      let sample = RewritingModel.random(steps: 9, using: &generator)
      let model = try ONNXModel(data: sample.proto.serializedData(), source: "random\(round).onnx")
      let inPlace = Bool.random(using: &generator)
      let rewriting = try model.rewritten(for: MemoryModel(inPlace: inPlace), timeLimit: .seconds(2))
      kinds.formUnion(rewriting.sites.map(\.kind))
      let graph = try rewriting.model.schedulingGraph().graph
      let referee = PeakReferee(graph: graph, inPlace: inPlace, elided: rewriting.elidedConcats)
      #expect(referee.peak(rewriting.after.order) == rewriting.after.peak.bytes, "round \(round)")
      #expect(rewriting.sites.isEmpty == (rewriting.after.peak.bytes == rewriting.before.peak.bytes))
      let original = try model.schedulingGraph().graph
      #expect(
        PeakReferee(graph: original, inPlace: inPlace).peak(rewriting.before.order)
          == rewriting.before.peak.bytes)
    }
    #expect(kinds.isSuperset(of: [.channelWise, .elision]), "\(kinds)")
  }

  @Test func timeLimitsAreKept() throws {
    let graph = try PublishedNetworks.cifar(.nasNetA, cellsPerStage: 2, filters: 8, imageSize: 16)
    var generator = SeededGenerator(seed: 1)
    let data = try ONNXExporter.model(
      graph: graph, order: graph.kahnOrder(), weights: .random(for: graph, using: &generator),
      producerVersion: "1")
    let model = try ONNXModel(data: data, source: "nasnet.onnx")
    for milliseconds in [0, 50, 300] {
      let start = ContinuousClock.now
      let rewriting = try model.rewritten(timeLimit: .milliseconds(milliseconds))
      #expect(ContinuousClock.now - start < .milliseconds(milliseconds) + .seconds(3))
      #expect(rewriting.after.peak.bytes <= rewriting.before.peak.bytes)
      let rewritten = try rewriting.model.schedulingGraph().graph
      var memory = MemoryModel()
      memory.elidedConcats = rewriting.elidedConcats
      let profile = try MemoryProblem(graph: rewritten, model: memory).evaluate(rewriting.after.order)
      #expect(profile.peak == rewriting.after.peak)
    }
  }
}

/// Real networks: what rewriting has gained on them so far, and the peaks of the files as written.
@Suite(
  .enabled(
    if: PublicGraphs.arePresent,
    "the folder ../shared/data/graphs with the public graphs is not beside this package"))
struct RewritingPublicGraphTests {
  @Test func peaksFallAndAreTheReferees() throws {
    let known = [
      "condensenet74": 4_816_896, "darts-imagenet": 3_616_384, "nasnet-imagenet": 4_089_344,
      "unetpp_resnet18": 20_971_520,
    ]
    let scratch = try PythonEnvironment.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: scratch) }
    var questions: [PublicGraphTests.Question] = []
    var peaks: [[Int]] = []
    for file in PublicGraphs.files {
      let name = file.deletingPathExtension().lastPathComponent
      guard let reached = known[name] else { continue }
      let model = try ONNXModel.load(from: file)
      let rewriting = try model.rewritten(methods: .partitioning)
      #expect(rewriting.after.peak.bytes <= reached, "\(name)")
      #expect(rewriting.after.proof == .optimal, "\(name)")
      let url = scratch.appendingPathComponent("\(name).onnx")
      try rewriting.model.reordered(by: rewriting.after.order).write(to: url)
      let count = try rewriting.model.schedulingGraph().graph.operators.count
      questions.append(.init(model: url.path, orders: [Array(0..<count)], inPlace: true))
      peaks.append([rewriting.after.peak.bytes])
    }
    #expect(questions.count == known.count)
    let list = scratch.appendingPathComponent("questions.json")
    try JSONFile.encode(questions).write(to: list)
    let answers = try JSONDecoder().decode(
      [[Int]].self,
      from: PythonEnvironment.run("referee_peaks.py", [PublicGraphs.referee.path, list.path]))
    #expect(answers == peaks)
  }
}
