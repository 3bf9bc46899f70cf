import ComputationGraph
import MemoryPlanning
import Reporting
import Testing

@Suite struct ScheduleReportTests {
  @Test func figuresComeFromTheSchedule() throws {
    var builder = GraphBuilder(name: "g")
    let x = builder.input("x", shape: [16])
    let a = builder.addOpaque("A", [x], outputs: [[8]], name: "a")[0]
    let b = builder.addOpaque("B", [x], outputs: [[4]], name: "b")[0]
    let c = builder.addOpaque("C", [a, b], outputs: [[1]], name: "c")[0]
    let problem = MemoryProblem(graph: try builder.build(outputs: [c]))
    let schedule = try KahnScheduler().schedule(problem)
    let arena = try GreedyBySizeAllocator().allocate(problem, order: schedule.order, alignment: 64)
    let report = ScheduleReport(
      model: "m", schedule: schedule, problem: problem, arena: arena, nodeIndices: [3, 5, 7],
      baseline: schedule.profile, forcedPassageBytes: 90, limit: (memoryBytes: 120, reservedBytes: 20),
      seconds: 0)
    // Step 1 has x, a and b: 64 + 32 + 16.
    #expect(report.peakBytes == 112)
    #expect(report.order == [3, 5, 7])
    #expect(
      report.peakStep.inputBytes == 64 && report.peakStep.outputBytes == 16
        && report.peakStep.otherLiveBytes == 32)
    #expect(report.infeasible)
    #expect(report.forcedPassageBytes == 90)
    #expect(report.provedInfeasible == (report.lowerBoundBytes > 100))
    #expect(report.memoryModel.dataType == "float32")
    #expect(report.table(profile: schedule.profile).contains("112 B"))
  }
}
