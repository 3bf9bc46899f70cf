import ComputationGraph
import Foundations
import Kernels
import MemoryPlanning
import ScheduleTuning
import SearchSpaces
import Testing

struct NetworkPlannerTests {
  @Test(arguments: SchedulerName.allCases, [RowTile.whole, .rows(1), .rows(4)])
  func plansAreDeterministicAndRunAsPlanned(scheduler: SchedulerName, rowTile: RowTile) throws {
    let graph = try cellNetwork()
    var generator = SeededGenerator(seed: 3)
    let weights = WeightValues.random(for: graph, using: &generator)
    let image = (0..<144).map { _ in Float.random(in: -1...1, using: &generator) }
    let expected = ReferenceExecutor.run(graph: graph, weights: weights, inputs: [graph.inputs[0]: image])[
      graph.outputs[0]]!
    for fusion in FusionLevel.allCases {
      let plan = try planned(graph, fusion: fusion, scheduler: scheduler.rawValue, rowTile: rowTile)
      let again = try planned(graph, fusion: fusion, scheduler: scheduler.rawValue, rowTile: rowTile)
      #expect(plan.order == again.order && plan.arena == again.arena && plan.schedules == again.schedules)
      #expect(plan.workloadKey == again.workloadKey)

      let executor = try plan.executor(weights: plan.inference.convert(weights), threads: 1, mode: .checked)
      let found = try executor.run(image)
      let largest = expected.map(\.magnitude).max()!
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-4 * largest })
      #expect(executor.measuredArenaBytes == plan.arena.arenaBytes)

      #expect(plan.trivialBound.bytes <= plan.peak.bytes)
      #expect(plan.livePeakBytes <= plan.peak.bytes)
      #expect(plan.peak.bytes <= plan.arena.arenaBytes)
      #expect(plan.weightBytes == plan.graph.weightBytes)
    }
  }

  /// The pieces of a plan against the same pieces put together by hand.
  @Test func countsTheWorkspaceOfTheChosenKernels() throws {
    let plan = try planned(cellNetwork(), fusion: .none, rowTile: .rows(3))
    let names = plan.graph.operatorIDs.filter { plan.model.workspaceBytes[$0.index] > 0 }.map {
      plan.graph[$0].name
    }
    #expect(Set(names) == ["stem", "left", "reduction"])
    let left = plan.graph.operators.firstIndex { $0.name == "left" }!
    #expect(plan.model.workspaceBytes[left] == 4 * 9 * 3 * 12 * 4)
    #expect(plan.schedules[left] == KernelSchedule(algorithm: .im2colGEMM, rowTile: 3))
    let withWorkspace = try MemoryProblem(graph: plan.graph, model: plan.model).evaluate(plan.order)
    #expect(plan.peak == withWorkspace.peak)
    let without = try MemoryProblem(graph: plan.graph).evaluate(plan.order)
    #expect(plan.livePeakBytes == without.peak.bytes)
  }

  /// The parts of an elided Concat lie where its result has them; the level below copies.
  @Test func concatLevelWritesPartsSideBySide() throws {
    var builder = GraphBuilder(name: "parts")
    let image = builder.input("image", shape: [1, 3, 6, 6])
    let parts = try [4, 5].map {
      try builder.convolution(
        image, outputChannels: $0, window: Window2D(kernel: Size2D(1)), name: "part\($0)")
    }
    let joined = try builder.add(.concat(axis: 1), parts, name: "joined")
    let mean = try builder.add(.globalAveragePool, [joined], name: "mean")
    let graph = try builder.build(outputs: [mean])
    for fusion in [FusionLevel.activation, .concat] {
      let plan = try planned(graph, fusion: fusion)
      var elided = 0
      for id in plan.graph.operatorIDs where plan.graph[id].kind.typeName == "Concat" {
        let names = plan.graph[id].inputs.map { plan.graph[$0].name }
        let start = try #require(plan.arena.offset(ofTensor: plan.graph[plan.graph[id].outputs[0]].name))
        var expected = [start]
        for input in plan.graph[id].inputs { expected.append(expected.last! + plan.graph[input].byteCount) }
        if names.map({ plan.arena.offset(ofTensor: $0) }) == expected.dropLast().map(Optional.some) {
          elided += 1
        }
      }
      #expect(elided == plan.model.elidedConcats.count)
      #expect((elided > 0) == (fusion == .concat))
    }
  }

  @Test func boundNamesTheBindingOperator() throws {
    let policy = SchedulingPolicy(fusion: .activation, scheduler: "hmcos", rowTile: .whole)
    let bounded = try NetworkPlanner.bound(training: cellNetwork(), policy: policy)
    // 4 channels in and out at 12×12, and the panel of 36 taps × 144 positions.
    #expect(bounded.trivialBound.bytes == (4 * 144 * 2 + 36 * 144) * 4)
    #expect(bounded.trivialBound.operatorName == "left")
  }

  @Test func unknownSchedulersAreNamed() throws {
    let policy = SchedulingPolicy(fusion: .none, scheduler: "magic", rowTile: .whole)
    let error = #expect(throws: PlanningError.self) {
      _ = try NetworkPlanner.bound(training: cellNetwork(), policy: policy)
    }
    #expect("\(error!)".contains("there is no scheduler 'magic'; known are file, kahn, rpo"))
  }

  @Test func impossibleAlignmentsAreRefused() throws {
    #expect(throws: PlanningError.scheduling(.invalidAlignment(0))) {
      _ = try planned(cellNetwork(), alignment: 0)
    }
  }
}
