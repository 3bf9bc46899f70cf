import ComputationGraph
import Foundations
import Kernels
import MemoryPlanning
import Testing

/// Kernels against the plain loops of the reference, one operator at a time, in checked mode.
struct KernelAccuracyTests {
  @Test(arguments: OperatorFamily.allCases)
  func kernelsEqualTheReference(family: OperatorFamily) throws {
    var generator = SeededGenerator(seed: 11, stream: UInt64(OperatorFamily.allCases.firstIndex(of: family)!))
    for _ in 0..<600 {
      let graph = try family.randomGraph(&generator)
      let rowTile = [nil, 1, 2, 3, 5].randomElement(using: &generator)!
      var schedule = KernelSchedule.choose(for: OperatorID(0), in: graph, rowTile: rowTile)
      schedule.threads = Int.random(in: 1...4, using: &generator)
      try compare(
        PlannedGraph(graph, rowTile: nil, views: Bool.random(using: &generator), schedules: [schedule]),
        &generator)
    }
  }

  /// A convolution may be computed in any way that applies to it, not only in the one that is chosen.
  @Test(arguments: [
    OperatorFamily.convolution, .groupedConvolution, .pointwiseConvolution, .depthwiseConvolution,
    .wideConvolution, .fullyConnected, .addingConvolution,
  ])
  func everyAlgorithmThatAppliesIsRight(family: OperatorFamily) throws {
    var generator = SeededGenerator(seed: 12, stream: UInt64(OperatorFamily.allCases.firstIndex(of: family)!))
    var tried: Set<KernelAlgorithm> = []
    var explicitLanes = 0
    for _ in 0..<200 {
      let graph = try family.randomGraph(&generator)
      for algorithm in KernelAlgorithm.allCases {
        let tiles = [Int.random(in: 1...20, using: &generator), nil]
        let threads = Int.random(in: 1...3, using: &generator)
        let lanes = [nil, VectorLanes.pixels, .channels].randomElement(using: &generator)!
        let unroll = [nil, nil, 1, 2, 3, 4].randomElement(using: &generator)!
        // The richest schedule of those that apply.
        let schedule = [(lanes, unroll), (nil, unroll), (nil, nil)].flatMap { lanes, unroll in
          tiles.map {
            KernelSchedule(algorithm: algorithm, rowTile: $0, lanes: lanes, unroll: unroll, threads: threads)
          }
        }
        .first { $0.applies(to: OperatorID(0), in: graph) }
        guard let schedule else { continue }
        tried.insert(algorithm)
        if schedule.lanes != nil { explicitLanes += 1 }
        try compare(PlannedGraph(graph, rowTile: nil, schedules: [schedule]), &generator)
      }
    }
    if family == .fullyConnected {
      #expect(tried == [.gemm, .dotProducts])
      return
    }
    #expect(tried.isSuperset(of: [.im2colGEMM, .directInPlace, .directPanel]))
    #expect(explicitLanes > 0)
    if family == .wideConvolution {
      #expect(tried.isSuperset(of: [.winograd2x2, .winograd4x4, .winograd4x4GEMM]))
    }
    if family == .addingConvolution {
      #expect(
        tried == [
          .im2colGEMM, .winograd2x2, .winograd4x4, .winograd2x2GEMM, .winograd4x4GEMM, .directInPlace,
          .directPanel, .gemm1x1,
        ])
    }
    if family == .depthwiseConvolution { #expect(tried.contains(.depthwiseDirect)) }
    if family == .pointwiseConvolution { #expect(tried.contains(.gemm1x1)) }
  }

  private func compare(_ planned: PlannedGraph, _ generator: inout SeededGenerator) throws {
    let graph = planned.graph
    let weights = randomWeights(for: graph, &generator)
    var inputs: [TensorID: [Float]] = [:]
    for id in graph.inputs { inputs[id] = randomValues(graph[id].shape.elementCount, &generator) }
    let expected = ReferenceExecutor.run(graph: graph, weights: weights, inputs: inputs)
    let executor = try planned.executor(weights: weights, threads: 4)
    // The second run finds the arena as the first one left it.
    for _ in 0..<2 {
      let found = try executor.run(inputs: inputs)
      for id in graph.outputs {
        let error = relativeError(found[id]!, expected[id]!)
        #expect(
          error <= 1e-4,
          "\(graph.operators[0].kind) \(graph[graph.inputs[0]].shape) under \(planned.schedules[0]): \(error)"
        )
      }
    }
    #expect(executor.measuredArenaBytes == planned.plan.arenaBytes)
  }
}
