import ComputationGraph
import Foundations
import Kernels
import MemoryPlanning
import Testing

/// Images in other layouts than NCHW, against the reference, which knows no layouts.
struct LayoutTests {
  @Test(arguments: OperatorFamily.allCases, [TensorLayout.nhwc, .nchw16])
  func operatorsEqualTheReference(family: OperatorFamily, layout: TensorLayout) throws {
    var generator = SeededGenerator(
      seed: 41, stream: UInt64(OperatorFamily.allCases.firstIndex(of: family)!))
    var converted = 0
    for _ in 0..<150 {
      let plain = try family.randomGraph(&generator)
      let graph = try LayoutAssignment.apply(layout, to: plain)
      converted += graph.operators.count { $0.kind == .layoutConversion }
      let threads = Int.random(in: 1...3, using: &generator)
      try compare(plain, graph, threads: threads, &generator)
    }
    switch family {
    case .convolution, .maxPool, .averagePool, .relu, .add, .pointwiseConvolution, .wideConvolution,
      .depthwiseConvolution, .concat, .addingConvolution:
      #expect(converted > 0)
    case .batchNormalization, .flatten, .fullyConnected, .identity: #expect(converted == 0)
    default: break
    }
  }

  @Test(arguments: 0..<60) func networksEqualTheReference(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed), stream: 42)
    let training = try randomNetwork(&generator)
    for layout in TensorLayout.allCases {
      let inference = try InferenceGraph(
        training, fusion: FusionLevel.allCases[seed % 3], layout: layout)
      let plain = try InferenceGraph(training, fusion: FusionLevel.allCases[seed % 3])
      try compare(plain.graph, inference.graph, threads: 1 + seed % 3, &generator)
    }
  }

  /// Images that come in and go out in the layout, with no conversion at all where every operator has a kernel.
  @Test(arguments: [TensorLayout.nhwc, .nchw16], 0..<20)
  func boundaryInTheLayout(layout: TensorLayout, seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed), stream: 43)
    let plain = try OperatorFamily.wideConvolution.randomGraph(&generator)
    let graph = try LayoutAssignment.apply(layout, to: plain, convertsBoundary: false)
    // One channel is no block of several.
    let isSingle = layout == .nhwc && plain[plain.outputs[0]].shape[1] == 1
    #expect(graph.operators.count == (isSingle ? 2 : 1))
    let weights = randomWeights(for: plain, &generator)
    let (x, y) = (plain[plain.inputs[0]].shape, plain[plain.outputs[0]].shape)
    let image = randomValues(x.elementCount, &generator)
    let expected = ReferenceExecutor.run(graph: plain, weights: weights, inputs: [plain.inputs[0]: image])
    let planned = try PlannedGraph(graph, rowTile: nil)
    let found = try planned.executor(weights: weights).run(layout.values(of: x, from: image, in: .nchw))
    let values = TensorLayout.nchw.values(of: y, from: found, in: graph[graph.outputs[0]].layout)
    #expect(relativeError(values, expected[plain.outputs[0]]!) <= 1e-4)
  }

  /// An addend is converted to the layout of the result, also where it is the image that the convolution reads as it is.
  @Test(arguments: [TensorLayout.nhwc, .nchw16]) func addendsAreConverted(layout: TensorLayout) throws {
    var builder = GraphBuilder(name: "addend")
    let x = builder.input("x", shape: [1, 20, 6, 6])
    let y = try builder.convolution(
      x, outputChannels: 20, window: Window2D(kernel: Size2D(3), padding: Padding2D(1)), bias: true)
    let sum = try builder.add(.add(activation: .none), [y, x])
    let graph = try InferenceGraph(builder.build(outputs: [sum]), fusion: .residual, layout: layout).graph
    #expect(graph.operators.map(\.kind.typeName) == ["LayoutConversion", "Conv", "LayoutConversion"])
    let node = graph.operators[1]
    #expect(graph[node.inputs[0]].layout == .nchw && graph[node.addend!].layout == layout)
    #expect(
      KernelSchedule.choose(for: OperatorID(1), in: graph, rowTile: nil).algorithm == .directBlocked)
  }

  /// What no operator writes in the layout is converted once, however many operators read it.
  @Test func imagesAreConvertedOnce() throws {
    var builder = GraphBuilder(name: "readers")
    let x = builder.input("x", shape: [1, 20, 6, 6])
    let window = Window2D(kernel: Size2D(3), padding: Padding2D(1))
    let pools = try [
      builder.add(.maxPool(window: window), [x]),
      builder.add(.averagePool(window: window, countsPadding: true), [x]),
    ]
    let sum = try builder.add(.add(activation: .none), pools + [x])
    let graph = try LayoutAssignment.apply(.nchw16, to: builder.build(outputs: [sum]))
    #expect(graph.operators.count { $0.kind == .layoutConversion } == 2)
    let blocked = graph.tensors.filter { $0.layout == .nchw16 }
    #expect(blocked.count == 4)
    #expect(blocked.allSatisfy { $0.byteCount == 32 * 36 * 4 && $0.shape == [1, 20, 6, 6] })
    #expect(graph.outputs.map { graph[$0].layout } == [.nchw])
  }

  @Test func interleavedImagesAreAsLarge() {
    #expect(Tensor(name: "x", shape: [2, 5, 3, 3], layout: .nhwc).byteCount == 2 * 5 * 9 * 4)
    #expect(Tensor(name: "x", shape: [2, 5, 3, 3], layout: .nchw16).byteCount == 2 * 16 * 9 * 4)
    #expect(TensorLayout.nchw16.storedElementCount(of: [Int.max / 8, 5, 1, 1]) == nil)
  }

  private func compare(
    _ plain: Graph, _ graph: Graph, threads: Int, _ generator: inout SeededGenerator
  ) throws {
    let weights = randomWeights(for: plain, &generator)
    var inputs: [String: [Float]] = [:]
    for id in plain.inputs { inputs[plain[id].name] = randomValues(plain[id].shape.elementCount, &generator) }
    let expected = ReferenceExecutor.run(
      graph: plain, weights: weights,
      inputs: Dictionary(uniqueKeysWithValues: plain.inputs.map { ($0, inputs[plain[$0].name]!) }))
    let schedules = graph.operatorIDs.map { id in
      var schedule = KernelSchedule.choose(for: id, in: graph, rowTile: nil)
      schedule.threads = threads
      return schedule
    }
    let planned = try PlannedGraph(graph, rowTile: nil, scheduler: .hmcos, schedules: schedules)
    let executor = try planned.executor(weights: weights, threads: threads)
    let found = try executor.run(
      inputs: Dictionary(uniqueKeysWithValues: graph.inputs.map { ($0, inputs[graph[$0].name]!) }))
    for (new, old) in zip(graph.outputs, plain.outputs) {
      #expect(graph[new].name == plain[old].name)
      let error = relativeError(found[new]!, expected[old]!)
      #expect(error <= 1e-4, "\(plain.operators[0].kind) \(plain[plain.inputs[0]].shape): \(error)")
    }
    #expect(executor.measuredArenaBytes == planned.plan.arenaBytes)
  }
}
