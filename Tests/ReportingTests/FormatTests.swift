import Foundation
import Foundations
import Reporting
import Testing

/// Every JSON that this target prints has a schema and an example that reads and writes back identically.
@Suite struct FormatTests {
  private static let formats = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Sources/Reporting/Formats")

  private func roundTrip<Value: Codable>(_ type: Value.Type) throws {
    let name = "\(type)"
    let data = try Data(contentsOf: Self.formats.appendingPathComponent("\(name).golden.json"))
    #expect(try JSONFile.encode(JSONFile.decode(type, from: data, source: name)) == data)
    func object(_ file: String) throws -> [String: Any] {
      let data = try Data(contentsOf: Self.formats.appendingPathComponent(file))
      return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    }
    let properties = try #require(try object("\(name).schema.json")["properties"] as? [String: Any])
    #expect(try Set(object("\(name).golden.json").keys) == Set(properties.keys))
  }

  @Test func scheduleReport() throws { try roundTrip(ScheduleReport.self) }
  @Test func measurementReport() throws { try roundTrip(MeasurementReport.self) }
  @Test func tuningReport() throws { try roundTrip(TuningReport.self) }
  @Test func runStatus() throws { try roundTrip(RunStatus.self) }
  @Test func trainingReport() throws { try roundTrip(TrainingReport.self) }
  @Test func trialStatus() throws { try roundTrip(TrialStatus.self) }
}
