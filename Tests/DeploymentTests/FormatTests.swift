import Deployment
import Foundation
import Foundations
import TestSupport
import Testing

/// The committed examples are what the code reads and writes, and the schemas describe them.
@Suite struct FormatTests {
  private static let formats = PythonEnvironment.packageRoot.appendingPathComponent(
    "Sources/Deployment/Formats")

  private func golden(_ name: String) throws -> Data {
    try Data(contentsOf: Self.formats.appendingPathComponent("\(name).golden.json"))
  }

  @Test func goldenManifest() throws {
    let data = try golden("BundleManifest")
    let manifest = try JSONFile.decode(BundleManifest.self, from: data, source: "golden")
    #expect(try JSONFile.encode(manifest) == data)
    #expect(manifest.accuracy.map(\.split) == ["validation", "test"])
  }

  @Test func goldenSchedule() throws {
    let data = try golden("BundleSchedule")
    let schedule = try JSONFile.decode(BundleSchedule.self, from: data, source: "golden")
    #expect(try JSONFile.encode(schedule) == data)
    #expect(schedule.graph.order.map(\.name) == schedule.operators.map(\.name))
  }

  @Test(arguments: ["BundleManifest", "BundleSchedule"]) func schemasDescribeTheExamples(_ name: String)
    throws
  {
    let schema = try JSONSerialization.jsonObject(
      with: Data(contentsOf: Self.formats.appendingPathComponent("\(name).schema.json")))
    let example = try JSONSerialization.jsonObject(with: golden(name))
    try check(example, against: #require(schema as? [String: Any]), at: name)
  }

  /// The part of JSON Schema that our schemas use: every key is described, every required key is there, types fit.
  private func check(_ value: Any, against schema: [String: Any], at path: String) throws {
    switch value {
    case let object as [String: Any]:
      #expect(schema["type"] as? String == "object", "\(path)")
      let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
      for key in schema["required"] as? [String] ?? [] { #expect(object[key] != nil, "\(path).\(key)") }
      for (key, inner) in object {
        let described = try #require(
          properties[key] ?? schema["additionalProperties"] as? [String: Any], "\(path).\(key) is described")
        try check(inner, against: described, at: "\(path).\(key)")
      }
    case let list as [Any]:
      #expect(schema["type"] as? String == "array", "\(path)")
      let items = try #require(schema["items"] as? [String: Any], "\(path)")
      for (index, inner) in list.enumerated() { try check(inner, against: items, at: "\(path)[\(index)]") }
    case let text as String:
      if let allowed = schema["enum"] as? [String] {
        #expect(allowed.contains(text), "\(path)")
      } else if let constant = schema["const"] as? String {
        #expect(text == constant, "\(path)")
      } else {
        #expect(schema["type"] as? String == "string", "\(path)")
      }
    default:
      let types = ["integer", "number", "boolean"]
      #expect(schema["const"] != nil || types.contains(schema["type"] as? String ?? ""), "\(path)")
    }
  }
}
