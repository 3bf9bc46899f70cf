import ComputationGraph
import Foundations
import MemoryPlanning
import TestSupport
import Testing

@Suite struct MemoryProblemTests {
  /// Random valid orders, evaluated exactly: every step, and a breakdown that adds up.
  @Test(arguments: 0..<4)
  func everyStepEqualsTheReferee(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 50 + seed)
    for _ in 0..<500 {
      let graph = RandomGraphs.graph(
        operatorCount: Int.random(in: 0...40, using: &generator), using: &generator)
      for (inPlace, views) in [(true, true), (true, false), (false, true), (false, false)] {
        let workspace = RandomGraphs.workspace(for: graph, using: &generator)
        let problem = MemoryProblem(
          graph: graph, model: MemoryModel(inPlace: inPlace, views: views, workspaceBytes: workspace))
        let order = RandomGraphs.order(of: graph, using: &generator)
        let profile = try problem.evaluate(order)
        let trace = PeakReferee(graph: graph, views: views, inPlace: inPlace, workspaceBytes: workspace)
          .trace(order)
        #expect(profile.liveBytes == trace)
        let peak = profile.peak
        #expect(peak.bytes == trace.max() ?? 0)
        #expect(
          peak.inputBytes + peak.outputBytes + peak.otherLiveBytes + peak.workspaceBytes == peak.bytes)
        #expect(peak.inputBytes >= 0 && peak.outputBytes >= 0 && peak.otherLiveBytes >= 0)
        if let id = peak.operatorID {
          #expect(order[peak.step].index == id && graph.operators[id].name == peak.operatorName)
          #expect(peak.workspaceBytes == workspace[id] && trace.firstIndex(of: peak.bytes) == peak.step)
        }
      }
    }
  }

  /// A worked example: x → a (relu, x dies: in place) → b (100 bytes of scratch) ⇒ y, with x of 40 bytes.
  @Test func breakdownOfASmallChain() throws {
    var builder = GraphBuilder(name: "chain")
    let x = builder.input("x", shape: [10])
    let a = try builder.add(.relu, [x], name: "a")
    let b = builder.addOpaque("Conv", [a], outputs: [[5]], name: "b")[0]
    let graph = try builder.build(outputs: [b])
    let problem = MemoryProblem(graph: graph, model: MemoryModel(workspaceBytes: [0, 100]))
    let profile = try problem.evaluate(graph.operatorIDs)
    #expect(profile.liveBytes == [40, 160])
    #expect(
      profile.peak
        == MemoryPeak(
          bytes: 160, step: 1, operatorID: 1, operatorName: "b", inputBytes: 40, outputBytes: 20,
          otherLiveBytes: 0, workspaceBytes: 100))
    #expect(MemoryBound.trivial(problem) == (160, OperatorID(1)))
    let copied = MemoryProblem(graph: graph, model: MemoryModel(inPlace: false))
    #expect(try copied.evaluate(graph.operatorIDs).liveBytes == [80, 60])
  }

  @Test func invalidOrdersAreNamed() throws {
    var builder = GraphBuilder(name: "chain")
    let x = builder.input("x", shape: [10])
    let a = try builder.add(.relu, [x], name: "a")
    let b = try builder.add(.relu, [a], name: "b")
    let problem = MemoryProblem(graph: try builder.build(outputs: [b]))
    #expect(throws: SchedulingError.wrongOperatorCount(expected: 2, found: 1)) {
      try problem.evaluate([OperatorID(0)])
    }
    #expect(throws: SchedulingError.unknownOperator(index: 7)) {
      try problem.evaluate([OperatorID(0), OperatorID(7)])
    }
    #expect(throws: SchedulingError.repeatedOperator(name: "a")) {
      try problem.evaluate([OperatorID(0), OperatorID(0)])
    }
    #expect(throws: SchedulingError.runsBeforePredecessor(operatorName: "b", predecessorName: "a")) {
      try problem.evaluate([OperatorID(1), OperatorID(0)])
    }
  }

  /// A file may list operators in an order that cannot run; only the file's own scheduler minds.
  @Test func fileOrderMustBeValidOnlyForTheFileScheduler() throws {
    var generator = SeededGenerator(seed: 3)
    var refused = 0
    for _ in 0..<200 {
      let graph = RandomGraphs.graph(operatorCount: 8, using: &generator)
      let relisted = RandomGraphs.relisted(graph, graph.operatorIDs.shuffled(using: &generator))
      let problem = MemoryProblem(graph: relisted)
      if relisted.isValidOrder(relisted.operatorIDs) {
        #expect(try FileOrderScheduler().schedule(problem).order == relisted.operatorIDs)
      } else {
        refused += 1
        #expect(throws: SchedulingError.self) { try FileOrderScheduler().schedule(problem) }
      }
      let optimum = ExhaustiveSearch(graph: relisted).optimum()
      for scheduler in [SchedulerName.kahn, .rpo, .hmcos] {
        let schedule = try scheduler.scheduler.schedule(problem)
        #expect(relisted.isValidOrder(schedule.order) && schedule.peak.bytes >= optimum)
        #expect(schedule.peak.bytes == PeakReferee(graph: relisted).peak(schedule.order))
      }
    }
    #expect(refused > 50)
  }
}
