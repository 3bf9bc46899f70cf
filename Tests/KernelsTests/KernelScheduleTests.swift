import ComputationGraph
import Foundations
import Kernels
import Testing

struct KernelScheduleTests {
  @Test func choosesByShape() throws {
    var builder = GraphBuilder(name: "choices")
    let x = builder.input("x", shape: [1, 8, 10, 12])
    let same = Window2D(kernel: Size2D(3), padding: Padding2D(1))
    _ = try builder.convolution(x, outputChannels: 4, window: same)
    _ = try builder.convolution(x, outputChannels: 4, window: Window2D(kernel: Size2D(1)))
    _ = try builder.convolution(x, outputChannels: 4, window: Window2D(kernel: Size2D(1), stride: Size2D(2)))
    _ = try builder.convolution(x, outputChannels: 8, window: same, groups: 8)
    _ = try builder.add(.maxPool(window: same), [x])
    let flat = try builder.add(.flatten, [x])
    _ = try builder.fullyConnected(flat, outputs: 3)
    let weight = builder.weight("pointwise", shape: [4, 8, 1, 1])
    let kind = OperatorKind.convolution(
      window: Window2D(kernel: Size2D(1)), groups: 1, inputActivation: .relu, activation: .none)
    let last = try builder.add(kind, [x, weight])
    let graph = try builder.build(outputs: [last])
    func chosen(_ rowTile: Int?) -> [String] {
      graph.operatorIDs.map { KernelSchedule.choose(for: $0, in: graph, rowTile: rowTile).description }
    }
    #expect(
      chosen(4) == [
        "im2colGEMM/4", "gemm1x1", "im2colGEMM/4", "depthwiseDirect", "direct", "view", "gemm",
        "im2colGEMM/4",
      ])
    #expect(chosen(9)[0] == "im2colGEMM/9" && chosen(9)[2] == "im2colGEMM")
    #expect(chosen(10) == chosen(nil))
    let bytes = graph.operatorIDs.map {
      KernelSchedule.choose(for: $0, in: graph, rowTile: 4).workspaceBytes(for: $0, in: graph)
    }
    #expect(bytes == [8 * 9 * 4 * 12 * 4, 0, 8 * 4 * 6 * 4, 0, 0, 0, 0, 8 * 4 * 12 * 4])
  }

  /// A single-channel image could be convolved tap by tap too, but is not.
  @Test func oneGroupIsAProduct() throws {
    var builder = GraphBuilder(name: "stem")
    let x = builder.input("x", shape: [1, 1, 6, 5])
    let y = try builder.convolution(x, outputChannels: 8, window: Window2D(kernel: Size2D(3)))
    let graph = try builder.build(outputs: [y])
    #expect(KernelSchedule(algorithm: .depthwiseDirect).applies(to: OperatorID(0), in: graph))
    let schedule = KernelSchedule.choose(for: OperatorID(0), in: graph, rowTile: 2)
    #expect(schedule == KernelSchedule(algorithm: .im2colGEMM, rowTile: 2))
    #expect(schedule.workspaceBytes(for: OperatorID(0), in: graph) == 9 * 2 * 3 * 4)
  }

  @Test func rowTileBelowOneDoesNotApply() throws {
    var builder = GraphBuilder(name: "tile")
    let x = builder.input("x", shape: [1, 1, 4, 4])
    let y = try builder.convolution(x, outputChannels: 1, window: Window2D(kernel: Size2D(3)))
    let graph = try builder.build(outputs: [y])
    #expect(!KernelSchedule(algorithm: .im2colGEMM, rowTile: 0).applies(to: OperatorID(0), in: graph))
    #expect(!KernelSchedule(algorithm: .depthwiseDirect, rowTile: 2).applies(to: OperatorID(0), in: graph))
    #expect(!KernelSchedule(algorithm: .gemm1x1).applies(to: OperatorID(0), in: graph))
    #expect(!KernelSchedule(algorithm: .direct).applies(to: OperatorID(0), in: graph))
  }

  /// The kernel stays inside the workspace that it declares and uses it to the last byte.
  @Test(
    arguments: [
      KernelAlgorithm.im2colGEMM, .directPanel, .winograd2x2, .winograd4x4, .winograd4x4GEMM, .directInPlace,
    ],
    [1, 2, 3, 7, nil])
  func workspaceIsExact(algorithm: KernelAlgorithm, rowTile: Int?) throws {
    var generator = SeededGenerator(seed: 31)
    for family in [
      OperatorFamily.convolution, .groupedConvolution, .pointwiseConvolution, .wideConvolution,
      .addingConvolution,
    ] {
      for _ in 0..<25 {
        let graph = try family.randomGraph(&generator)
        let id = OperatorID(0)
        var schedule = KernelSchedule(
          algorithm: algorithm, rowTile: rowTile, threads: Int.random(in: 1...3, using: &generator))
        if schedule.algorithm.isWinograd, Bool.random(using: &generator) {
          schedule.channelTile = Int.random(in: 1...4, using: &generator)
        }
        guard schedule.applies(to: id, in: graph) else { continue }
        let bytes = schedule.workspaceBytes(for: id, in: graph)
        let zone = 64
        let canary = Float(bitPattern: 0x7FC0_1234)
        var memory = [Float](repeating: canary, count: bytes / 4 + 2 * zone)
        let weights = randomWeights(for: graph, &generator)
        var inputs = graph[id].inputs.map { tensor in
          graph[tensor].role == .weight
            ? weights[graph[tensor].name]! : randomValues(graph[tensor].shape.elementCount, &generator)
        }
        var output = [Float](repeating: 0, count: graph[graph.outputs[0]].shape.elementCount)
        let pointers = inputs.indices.map { index in inputs[index].withUnsafeMutableBufferPointer(copied) }
        defer { for pointer in pointers { pointer.deallocate() } }
        try memory.withUnsafeMutableBufferPointer { workspace in
          try output.withUnsafeMutableBufferPointer { result in
            try KernelFactory.prepare(
              id, of: graph, schedule: schedule,
              operands: KernelOperands(
                inputs: pointers, output: result.baseAddress!, workspace: workspace.baseAddress! + zone)
            ).runAllShares(of: schedule)
          }
        }
        let isUsed = memory.map { $0.bitPattern != canary.bitPattern }
        #expect(!isUsed[..<zone].contains(true) && !isUsed[(zone + bytes / 4)...].contains(true))
        let own = isUsed[zone..<zone + bytes / 4]
        // Winograd's kernels leave out a cache line here and there, so that equal places lie in different sets.
        #expect(schedule.algorithm.isWinograd ? own.last != false : !own.contains(false))
      }
    }
  }

  private func copied(_ values: inout UnsafeMutableBufferPointer<Float>) -> UnsafeMutablePointer<Float> {
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: values.count)
    memory.initialize(from: values.baseAddress!, count: values.count)
    return memory
  }
}

extension KernelAlgorithm {
  fileprivate var isWinograd: Bool { rawValue.hasPrefix("winograd") }
}
