import ComputationGraph
import Foundation
import Foundations
import MemoryPlanning
import Reporting
import Testing

@Suite struct ScheduleReportTests {
  private static let formats = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Sources/Reporting/Formats")

  @Test func goldenExampleReadsAndWritesBack() throws {
    let data = try Data(contentsOf: Self.formats.appendingPathComponent("ScheduleReport.golden.json"))
    let report = try JSONFile.decode(ScheduleReport.self, from: data, source: "golden")
    #expect(try JSONFile.encode(report) == data)
  }

  @Test func schemaListsEveryKey() throws {
    func object(_ name: String) throws -> [String: Any] {
      let data = try Data(contentsOf: Self.formats.appendingPathComponent(name))
      return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    }
    let properties = try #require(try object("ScheduleReport.schema.json")["properties"] as? [String: Any])
    #expect(try Set(object("ScheduleReport.golden.json").keys) == Set(properties.keys))
  }

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
      baseline: schedule.profile, limit: (memoryBytes: 120, reservedBytes: 20), seconds: 0)
    // Step 1 has x, a and b: 64 + 32 + 16.
    #expect(report.peakBytes == 112)
    #expect(report.order == [3, 5, 7])
    #expect(
      report.peakStep.inputBytes == 64 && report.peakStep.outputBytes == 16
        && report.peakStep.otherLiveBytes == 32)
    #expect(report.infeasible == true)
    #expect(report.provedInfeasible == (report.lowerBoundBytes > 100))
    #expect(report.memoryModel.dataType == "float32")
    #expect(report.table(profile: schedule.profile).contains("112 B"))
  }
}
