import Foundation
import Foundations
import MemoryPlanning
import Testing

/// The file format memory-plan.json: golden example, schema, errors.
@Suite struct MemoryPlanFormatTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Sources/MemoryPlanning/Formats")

  @Test func goldenExampleReadsAndWritesBackIdentically() throws {
    let data = try Data(contentsOf: Self.folder.appending(path: "MemoryPlan.example.json"))
    let plan = try JSONFile.decode(ArenaPlan.self, from: data, source: "MemoryPlan.example.json")
    #expect(plan.alignment == 64 && plan.buffers.count == 5)
    #expect(plan.livePeakBytes == 856 && plan.fragmentation == 1 && plan.isMinimal == true)
    #expect(Set(plan.buffers.map(\.kind)) == Set(ArenaBuffer.Kind.allCases))
    #expect(try JSONFile.encode(plan) == data)
  }

  /// Plans from before the live peak was recorded can be read.
  @Test func whatIsKnownAboutTheArenaIsOptional() throws {
    let data = try Data(contentsOf: Self.folder.appending(path: "MemoryPlan.example.json"))
    let text = String(decoding: data, as: UTF8.self)
      .replacingOccurrences(of: "  \"isMinimal\" : true,\n", with: "")
      .replacingOccurrences(of: "  \"livePeakBytes\" : 856,\n", with: "")
    let plan = try JSONFile.decode(ArenaPlan.self, from: Data(text.utf8), source: "plan.json")
    #expect(plan.livePeakBytes == nil && plan.isMinimal == nil && plan.fragmentation == nil)
    #expect(String(decoding: try JSONFile.encode(plan), as: UTF8.self) == text)
  }

  /// Schema and example name the same keys, and the schema requires all of them but what is known about the arena.
  @Test func schemaDescribesTheExample() throws {
    func object(_ name: String) throws -> [String: Any] {
      let data = try Data(contentsOf: Self.folder.appending(path: name))
      return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }
    let example = try object("MemoryPlan.example.json")
    let schema = try object("MemoryPlan.schema.json")
    let required = Set(try #require(schema["required"] as? [String]))
    #expect(required.union(["isMinimal", "livePeakBytes"]) == Set(example.keys) && required.count == 5)
    let properties = try #require(schema["properties"] as? [String: Any])
    #expect(Set(properties.keys) == Set(example.keys))
    let buffers = try #require(properties["buffers"] as? [String: Any])
    let item = try #require(buffers["items"] as? [String: Any])
    let itemProperties = try #require(item["properties"] as? [String: Any])
    let kinds = try #require((itemProperties["kind"] as? [String: Any])?["enum"] as? [String])
    #expect(kinds == ArenaBuffer.Kind.allCases.map(\.rawValue))
    for buffer in try #require(example["buffers"] as? [[String: Any]]) {
      #expect(Set(buffer.keys) == Set(itemProperties.keys))
      #expect(Set(try #require(item["required"] as? [String])) == Set(buffer.keys))
    }
  }

  @Test func otherVersionsAndMissingKeysAreNamed() throws {
    let data = try Data(contentsOf: Self.folder.appending(path: "MemoryPlan.example.json"))
    let text = String(decoding: data, as: UTF8.self)
    func reason(_ text: String) -> String {
      do {
        _ = try JSONFile.decode(ArenaPlan.self, from: Data(text.utf8), source: "plan.json")
        return "accepted"
      } catch {
        return error.description
      }
    }
    let newer = reason(text.replacingOccurrences(of: "\"schemaVersion\" : 1", with: "\"schemaVersion\" : 2"))
    #expect(newer.contains("plan.json") && newer.contains("schemaVersion") && newer.contains("version 2"))
    let incomplete = reason(text.replacingOccurrences(of: "\"arenaBytes\"", with: "\"arena\""))
    #expect(incomplete.contains("'arenaBytes' is missing"))
  }
}
