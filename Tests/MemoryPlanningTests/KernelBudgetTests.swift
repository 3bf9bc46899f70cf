import ComputationGraph
import Foundations
import MemoryPlanning
import TestSupport
import Testing

/// The separable choice against every combination of options, each evaluated as a memory problem of its own.
struct KernelBudgetTests {
  /// A small problem: a random graph, a random valid order, and options for every operator, few of them at a time.
  private struct Sample {
    let graph: Graph
    let order: [OperatorID]
    let model: MemoryModel
    let options: [[KernelOption]]

    init(_ generator: inout SeededGenerator) {
      let count = Int.random(in: 1...7, using: &generator)
      graph = RandomGraphs.graph(operatorCount: count, using: &generator)
      order = RandomGraphs.order(of: graph, using: &generator)
      // What workspaces the problem was made with must not matter.
      model = MemoryModel(
        inPlace: Bool.random(using: &generator), views: Bool.random(using: &generator),
        workspaceBytes: Bool.random(using: &generator)
          ? [] : RandomGraphs.workspace(for: graph, using: &generator))
      var combinations = 1
      options = graph.operators.map { _ in
        let most = combinations > 100 ? 1 : 4
        let list = (0..<Int.random(in: 1...most, using: &generator)).map { _ in
          // Few distinct values, so that ties are frequent.
          KernelOption(
            workspaceBytes: 4 * Int.random(in: 0...8, using: &generator),
            cost: Double(Int.random(in: -2...5, using: &generator)))
        }
        combinations *= list.count
        return list
      }
    }

    /// The peak of one combination, by the evaluation of a problem with these workspaces.
    func peak(_ workspaceBytes: [Int]) throws -> Int {
      var model = model
      model.workspaceBytes = workspaceBytes
      return try MemoryProblem(graph: graph, model: model).evaluate(order).peak.bytes
    }

    /// Peak and cost of every combination.
    func combinations() throws -> [(peak: Int, cost: Double)] {
      var chosen: [[KernelOption]] = [[]]
      for list in options { chosen = chosen.flatMap { start in list.map { start + [$0] } } }
      return try chosen.map { (try peak($0.map(\.workspaceBytes)), $0.reduce(0) { $0 + $1.cost }) }
    }
  }

  @Test func agreesWithEveryCombination() throws {
    var generator = SeededGenerator(seed: 71)
    var feasible = 0
    var infeasible = 0
    for _ in 0..<3000 {
      let sample = Sample(&generator)
      let budget = try KernelBudget(
        MemoryProblem(graph: sample.graph, model: sample.model), order: sample.order)
      let combinations = try sample.combinations()
      let peaks = combinations.map(\.peak)
      let limits = [
        max(0, peaks.min()! - 1), peaks.min()!,
        Int.random(in: peaks.min()!...peaks.max()!, using: &generator),
        peaks.max()!,
      ]
      for limit in limits {
        let least = combinations.filter { $0.peak <= limit }.map(\.cost).min()
        switch budget.choose(among: sample.options, limitBytes: limit) {
        case .cheapest(let selection):
          feasible += 1
          #expect(selection.cost == least)
          let chosen = zip(sample.options, selection.optionIndices).map { $0[$1] }
          #expect(selection.workspaceBytes == chosen.map(\.workspaceBytes))
          #expect(try sample.peak(selection.workspaceBytes) == selection.peakBytes)
          #expect(selection.peakBytes <= limit)
          #expect(chosen.reduce(0) { $0 + $1.cost } == selection.cost)
        case .infeasible(let shortage):
          infeasible += 1
          #expect(least == nil)
          #expect(shortage.limitBytes == limit)
          #expect(shortage.neededBytes == peaks.min())
          #expect(shortage.operatorName == sample.graph[shortage.operatorID].name)
          try expectProof(shortage, sample)
        }
      }
    }
    #expect(feasible > 5000 && infeasible > 2000)
  }

  /// The operator that is named needs that much under all combinations: with every other workspace at zero, too.
  private func expectProof(_ shortage: KernelChoice.Shortage, _ sample: Sample) throws {
    var alone = [Int](repeating: 0, count: sample.options.count)
    alone[shortage.operatorID.index] = sample.options[shortage.operatorID.index].map(\.workspaceBytes).min()!
    #expect(try sample.peak(alone) == shortage.neededBytes)
  }

  /// Three convolutions in a row, worked out by hand.
  @Test func choosesTheFastestThatFitsItsStep() throws {
    var builder = GraphBuilder(name: "chain")
    let input = builder.input("x", shape: [1, 100])
    let a = builder.addOpaque("Conv", [input], outputs: [[1, 50]], name: "a")[0]
    let b = builder.addOpaque("Conv", [a], outputs: [[1, 10]], name: "b")[0]
    let c = builder.addOpaque("Conv", [b], outputs: [[1, 20]], name: "c")
    let graph = try builder.build(outputs: c)
    let order = graph.operatorIDs
    let budget = try KernelBudget(MemoryProblem(graph: graph), order: Array(order))
    #expect(budget.liveBytes == [600, 240, 120])
    #expect(budget.slackBytes(of: OperatorID(1), limitBytes: 700) == 460)
    let list = [(0, 9.0), (100, 4.0), (460, 3.0), (580, 2.0)].map {
      KernelOption(workspaceBytes: $0.0, cost: $0.1)
    }
    let options = [list, list, list]
    let selection = try #require(budget.choose(among: options, limitBytes: 700).selection)
    #expect(selection.optionIndices == [1, 2, 3])
    #expect(selection.cost == 9 && selection.peakBytes == 700)
    let proof = budget.choose(among: options, limitBytes: 599)
    guard case .infeasible(let shortage) = proof else {
      Issue.record("600 bytes of tensors do not fit 599: \(proof)")
      return
    }
    #expect(shortage.operatorName == "a" && shortage.neededBytes == 600)
  }

  @Test func equalCostsTakeTheSmallerWorkspace() throws {
    var builder = GraphBuilder(name: "one")
    let input = builder.input("x", shape: [1, 1])
    let output = builder.addOpaque("Conv", [input], outputs: [[1, 1]])
    let graph = try builder.build(outputs: output)
    let budget = try KernelBudget(MemoryProblem(graph: graph), order: [OperatorID(0)])
    let options = [[8, 4, 16, 4].map { KernelOption(workspaceBytes: $0, cost: 1) }]
    #expect(budget.choose(among: options, limitBytes: 1000).selection?.optionIndices == [1])
  }

  @Test func invalidOrdersAreRefused() throws {
    var builder = GraphBuilder(name: "two")
    let input = builder.input("x", shape: [1, 1])
    let first = builder.addOpaque("Conv", [input], outputs: [[1, 1]])
    let second = builder.addOpaque("Conv", first, outputs: [[1, 1]])
    let graph = try builder.build(outputs: second)
    let problem = MemoryProblem(graph: graph)
    #expect(throws: SchedulingError.self) {
      _ = try KernelBudget(problem, order: [OperatorID(1), OperatorID(0)])
    }
    #expect(throws: SchedulingError.self) { _ = try KernelBudget(problem, order: [OperatorID(0)]) }
  }
}
