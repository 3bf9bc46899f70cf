import ComputationGraph
import Foundations
import Kernels
import MemoryPlanning
import Testing

/// Networks whose sums are computed by convolutions, under every kernel that can, against the reference of the training
/// form, in checked mode.
struct ResidualNetworkTests {
  /// A stem and some blocks of one or two convolutions whose result is added to what the block reads, to a convolution of it
  /// where the shape changes, or to an earlier image.
  private func network(_ generator: inout SeededGenerator) throws -> Graph {
    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    var builder = GraphBuilder(name: "residual")
    func window(_ kernel: Int, stride: Int = 1) -> Window2D {
      Window2D(kernel: Size2D(kernel), stride: Size2D(stride), padding: Padding2D(kernel / 2))
    }
    func normalized(_ x: TensorID, _ channels: Int, _ kernel: Int, stride: Int = 1) throws -> TensorID {
      try builder.batchNormalization(
        builder.convolution(x, outputChannels: channels, window: window(kernel, stride: stride)))
    }
    let image = builder.input("image", shape: [1, 3, draw(8...13), draw(8...13)])
    var x = try normalized(image, draw(3...20), 3)
    for _ in 0..<draw(2...4) {
      let stride = draw(1...2)
      let channels = draw(0...1) == 0 ? builder.shape(of: x)[1] : draw(2...24)
      var y = try normalized(x, channels, [1, 3][draw(0...1)], stride: stride)
      if Bool.random(using: &generator) {
        y = try normalized(builder.add(.relu, [y]), channels, [1, 3, 5][draw(0...2)])
      }
      let isPlain = builder.shape(of: x) == builder.shape(of: y)
      let shortcut = isPlain ? x : try normalized(x, channels, 1, stride: stride)
      x = try builder.add(
        .add(activation: .none), Bool.random(using: &generator) ? [y, shortcut] : [shortcut, y])
      switch draw(0...3) {
      case 0: break
      case 1: x = try builder.add(.elementwise(.hardSwish), [x])
      default: x = try builder.add(.relu, [x])
      }
    }
    let pooled = try builder.add(.flatten, [builder.add(.globalAveragePool, [x])])
    let logits = try builder.fullyConnected(pooled, outputs: 4)
    return try builder.build(outputs: [logits])
  }

  @Test(arguments: TensorLayout.allCases, [1, 2]) func everyKernelThatCanAdds(
    layout: TensorLayout, threads: Int
  ) throws {
    var generator = SeededGenerator(seed: 51, stream: UInt64(threads))
    var added: Set<KernelAlgorithm> = []
    for _ in 0..<40 {
      let training = try network(&generator)
      let trainingWeights = randomWeights(for: training, &generator)
      let image = randomValues(training[training.inputs[0]].shape.elementCount, &generator)
      let expected = ReferenceExecutor.run(
        graph: training, weights: trainingWeights, inputs: [training.inputs[0]: image])[training.outputs[0]]!
      let inference = try InferenceGraph(training, fusion: .residual, layout: layout)
      let graph = inference.graph
      #expect(!graph.operators.contains { $0.kind.typeName == "Add" })
      let schedules = graph.operatorIDs.map { id in
        let options = KernelAlgorithm.allCases.flatMap { algorithm in
          [nil, 1, 3].map { KernelSchedule(algorithm: algorithm, rowTile: $0, threads: threads) }
        }
        .filter { $0.applies(to: id, in: graph) }
        guard graph[id].addend != nil else { return options.randomElement(using: &generator)! }
        // What has not added yet comes first.
        let untried = options.filter { !added.contains($0.algorithm) }
        let schedule = (untried.isEmpty ? options : untried).randomElement(using: &generator)!
        added.insert(schedule.algorithm)
        return schedule
      }
      let planned = try PlannedGraph(
        graph, rowTile: nil, scheduler: SchedulerName.allCases.randomElement(using: &generator)!,
        schedules: schedules)
      let executor = try planned.executor(weights: inference.convert(trainingWeights), threads: threads)
      for _ in 0..<2 { #expect(relativeError(try executor.run(image), expected) <= 1e-4) }
      #expect(executor.measuredArenaBytes == planned.plan.arenaBytes)
    }
    #expect(
      added
        == (layout == .nchw
          ? [
            .im2colGEMM, .winograd2x2, .winograd4x4, .winograd2x2GEMM, .winograd4x4GEMM, .directInPlace,
            .directPanel, .gemm1x1,
          ] : [.directBlocked]))
  }

  /// BLAS can compute every convolution that adds, whatever else can.
  @Test func aKernelByBLASAlwaysApplies() throws {
    var generator = SeededGenerator(seed: 52)
    for _ in 0..<100 {
      let graph = try OperatorFamily.addingConvolution.randomGraph(&generator)
      #expect(KernelSchedule(algorithm: .im2colGEMM).applies(to: OperatorID(0), in: graph))
      #expect(
        KernelSchedule.choose(for: OperatorID(0), in: graph, rowTile: nil).algorithm.multipliesByBLAS)
    }
  }
}
