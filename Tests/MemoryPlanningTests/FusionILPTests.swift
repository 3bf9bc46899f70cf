import ComputationGraph
import Foundation
import Foundations
import MemoryPlanning
import TestSupport
import Testing

/// A random problem with everything the memory model knows, and its oracles.
struct FusionCase {
  let problem: MemoryProblem
  let referee: PeakReferee
  let optimum: Int

  init(_ graph: Graph, using generator: inout SeededGenerator) {
    let views = Int.random(in: 0..<4, using: &generator) > 0
    let firstOnly = Int.random(in: 0..<4, using: &generator) == 0
    var elided: Set<OperatorID> = []
    if Int.random(in: 0..<3, using: &generator) == 0 {
      for id in ConcatElision.candidates(graph, views: views)
      where ConcatElision.isConsistent(elided.union([id]), graph, views: views) { elided.insert(id) }
    }
    let model = MemoryModel(
      inPlace: Int.random(in: 0..<4, using: &generator) > 0, views: views,
      workspaceBytes: Bool.random(using: &generator)
        ? [] : RandomGraphs.workspace(for: graph, using: &generator),
      inPlaceOperand: firstOnly ? .firstOfEqualSize : .any, elidedConcats: elided)
    problem = MemoryProblem(graph: graph, model: model)
    referee = PeakReferee(
      graph: graph, views: views, inPlace: model.inPlace, workspaceBytes: model.workspaceBytes,
      firstOperandOnly: firstOnly, elided: elided)
    optimum = ExhaustiveSearch(
      graph: graph, views: views, inPlace: model.inPlace, workspaceBytes: model.workspaceBytes,
      firstOperandOnly: firstOnly, elided: elided
    ).optimum()
  }

  /// One of the kinds of graphs that break things: tangles, cells, and graphs with an unused input.
  init(round: Int, using generator: inout SeededGenerator) throws {
    if round % 4 == 3 {
      self.init(
        RandomGraphs.cells(
          count: 2, operatorsPerCell: Int.random(in: 2...5, using: &generator), using: &generator),
        using: &generator)
      return
    }
    var graph = RandomGraphs.graph(
      operatorCount: Int.random(in: 0...12, using: &generator), using: &generator)
    if round % 4 == 2, !graph.operators.isEmpty {
      graph = try Graph(
        name: "unused",
        tensors: graph.tensors + [
          Tensor(name: "unused", shape: [Int.random(in: 5...40, using: &generator)])
        ], operators: graph.operators, inputs: graph.inputs + [TensorID(graph.tensors.count)],
        outputs: graph.outputs)
    }
    self.init(graph, using: &generator)
  }
}

/// Fusion against exhaustive search and on random orders.
@Suite struct FusionILPTests {
  /// The lowest peak of the orders that keep blocks together, by trying all sets of blocks.
  private struct BlockSearch {
    let problem: MemoryProblem
    let blocks: [[OperatorID]]

    func optimum() -> Int {
      var blockOf: [OperatorID: Int] = [:]
      for (index, block) in blocks.enumerated() { for id in block { blockOf[id] = index } }
      let needed = blocks.enumerated().map { index, block in
        Set(block.flatMap { problem.graph.predecessors[$0.index] }.map { blockOf[$0]! }).subtracting([index])
          .reduce(0) { $0 | 1 << $1 }
      }
      var best = [Int](repeating: .max, count: 1 << blocks.count)
      best[0] = 0
      for set in best.indices where best[set] < .max {
        let executed = Set(blocks.indices.filter { set >> $0 & 1 == 1 }.flatMap { blocks[$0] })
        for index in blocks.indices where set >> index & 1 == 0 && needed[index] & ~set == 0 {
          best[set | 1 << index] = min(
            best[set | 1 << index], max(best[set], peak(of: blocks[index], after: executed)))
        }
      }
      return best[best.count - 1]
    }

    private func peak(of block: [OperatorID], after executed: Set<OperatorID>) -> Int {
      var executed = executed
      var peak = 0
      for id in block {
        let dying = problem.overwritableStorages[id.index].first {
          problem.storages[$0].readers.allSatisfy { $0 == id || executed.contains($0) }
        }
        peak = max(
          peak,
          live(executed) + problem.outputBytes[id.index] + problem.workspaceBytes[id.index]
            - (dying.map { problem.storages[$0].bytes } ?? 0))
        executed.insert(id)
      }
      return peak
    }

    private func live(_ executed: Set<OperatorID>) -> Int {
      problem.storages.reduce(executed.isEmpty ? problem.unusedInputBytes : 0) { sum, storage in
        let exists = storage.producer.map(executed.contains) ?? true
        let isNeeded = storage.isKept || storage.readers.contains { !executed.contains($0) }
        return exists && isNeeded ? sum + storage.bytes : sum
      }
    }
  }

  /// The best order of the blocks is as good as the best order of the operators.
  @Test(arguments: 0..<8)
  func fusionKeepsTheOptimum(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(9_000 + seed))
    var (operators, blocks) = (0, 0)
    for round in 0..<500 {
      let item = try FusionCase(round: round, using: &generator)
      let fusion = GraphFusion(item.problem)
      operators += item.problem.graph.operators.count
      blocks += fusion.blocks.count
      #expect(item.problem.graph.isValidOrder(fusion.blocks.flatMap { $0 }))
      #expect(BlockSearch(problem: item.problem, blocks: fusion.blocks).optimum() == item.optimum)
    }
    #expect(blocks * 3 < operators * 2)
  }

  /// Bringing the blocks of any order together never raises its peak.
  @Test(arguments: 0..<4)
  func fusionRaisesNoOrder(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(9_100 + seed))
    var (raised, lowered) = (0, 0)
    for round in 0..<150 {
      let graph =
        round % 2 == 0
        ? RandomGraphs.graph(operatorCount: Int.random(in: 10...50, using: &generator), using: &generator)
        : RandomGraphs.cells(count: 4, operatorsPerCell: 9, using: &generator)
      let workspace = RandomGraphs.workspace(for: graph, using: &generator)
      let problem = MemoryProblem(graph: graph, model: MemoryModel(workspaceBytes: workspace))
      let referee = PeakReferee(graph: graph, workspaceBytes: workspace)
      let fusion = GraphFusion(problem)
      for _ in 0..<4 {
        let order = RandomGraphs.order(of: graph, using: &generator)
        let fused = fusion.order(like: order)
        #expect(graph.isValidOrder(fused))
        let (before, after) = (referee.peak(order), referee.peak(fused))
        if after > before { raised += 1 }
        if after < before { lowered += 1 }
      }
    }
    #expect(raised == 0)
    #expect(lowered > 100)
  }

  /// A chain becomes one block where nothing is gained by stopping in between.
  @Test func chainsAreOneBlock() throws {
    var builder = GraphBuilder(name: "chain")
    var tensor = builder.input("image", shape: [1, 3, 16, 16])
    for channels in [8, 16, 16, 8] {
      tensor = try builder.convolution(
        tensor, outputChannels: channels, window: Window2D(kernel: Size2D(3), padding: Padding2D(1)))
    }
    let graph = try builder.build(outputs: [tensor])
    #expect(GraphFusion(MemoryProblem(graph: graph)).blocks == [graph.operatorIDs])
  }
}
