import ComputationGraph
import Foundation
import Foundations
import Kernels
import ScheduleTuning
import Testing

/// The golden examples beside the readers, and tables of kernel schedules.
struct FormatTests {
  @Test func goldenExamplesAreReadAndWrittenBack() throws {
    try roundTrip(KernelScheduleTable.self, "KernelScheduleTable")
    try roundTrip(LatencyStatistics.self, "LatencyStatistics")
    try roundTrip(RunEnvironment.self, "RunEnvironment")
  }

  private func roundTrip<Value: Codable>(_ type: Value.Type, _ name: String) throws {
    let golden = try formatFile("\(name).golden.json")
    let value = try JSONFile.decode(type, from: golden, source: name)
    #expect(try JSONFile.encode(value) == golden)
    // What the schema requires is what the reader needs, and nothing unknown is in the example.
    let schema = try #require(
      try JSONSerialization.jsonObject(with: formatFile("\(name).schema.json")) as? [String: Any])
    let example = try #require(try JSONSerialization.jsonObject(with: golden) as? [String: Any])
    let required = try #require(schema["required"] as? [String])
    let properties = try #require(schema["properties"] as? [String: Any])
    #expect(Set(required).isSubset(of: example.keys) && Set(example.keys).isSubset(of: properties.keys))
    for key in required {
      var broken = example
      broken[key] = nil
      let data = try JSONSerialization.data(withJSONObject: broken)
      #expect(throws: JSONFileError.self, "\(name) without \(key)") {
        _ = try JSONFile.decode(type, from: data, source: name)
      }
    }
  }

  @Test func otherVersionsAreRefused() throws {
    let error = #expect(throws: JSONFileError.self) {
      _ = try JSONFile.decode(
        KernelScheduleTable.self, from: Data(#"{"schemaVersion": 2, "operators": []}"#.utf8),
        source: "table.json")
    }
    #expect("\(error!)" == "table.json: .schemaVersion: version 2 is unknown; this program reads 1")
  }

  @Test func tablesGiveBackTheSchedules() throws {
    let plan = try planned(cellNetwork())
    let table = KernelScheduleTable(plan)
    #expect(table.operators.map(\.name) == plan.order.map { plan.graph[$0].name })
    let data = try JSONFile.encode(table)
    let read = try JSONFile.decode(KernelScheduleTable.self, from: data, source: "table")
    #expect(try read.schedules(for: plan.graph) == plan.schedules)
  }

  @Test func tablesThatDoNotFitAreRefused() throws {
    let plan = try planned(cellNetwork())
    let text = String(decoding: try JSONFile.encode(KernelScheduleTable(plan)), as: UTF8.self)
    func error(_ old: String, _ new: String) throws -> KernelScheduleTableError? {
      let changed = text.replacingOccurrences(of: old, with: new)
      #expect(changed != text)
      let table = try JSONFile.decode(KernelScheduleTable.self, from: Data(changed.utf8), source: "table")
      return #expect(throws: KernelScheduleTableError.self) { _ = try table.schedules(for: plan.graph) }
    }
    #expect(try error(#""name" : "left""#, #""name" : "lift""#) == .missingOperator(name: "left"))
    #expect(try error(#""name" : "left""#, #""name" : "right""#) == .repeatedOperator(name: "right"))
    #expect(try error("\"rowTile\" : 2", "\"rowTile\" : 0") != nil)
    let tiled = try error("\"rowTile\" : 2", "\"rowTile\" : 3")
    guard case .wrongWorkspace? = tiled else {
      Issue.record("\(String(describing: tiled))")
      return
    }
    #expect(
      try error(#""algorithm" : "gemm","#, #""algorithm" : "direct","#)
        == .doesNotApply(name: "logits", schedule: KernelSchedule(algorithm: .direct)))
    let smaller = try planned(cellNetwork(), fusion: .none)
    #expect(throws: KernelScheduleTableError.self) {
      _ = try KernelScheduleTable(smaller).schedules(for: plan.graph)
    }
  }
}
