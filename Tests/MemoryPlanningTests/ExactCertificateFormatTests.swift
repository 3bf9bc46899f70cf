import Foundation
import Foundations
import MemoryPlanning
import Testing

/// The JSON form of certificates: golden example and schema.
@Suite struct ExactCertificateFormatTests {
  static let folder = MemoryPlanFormatTests.folder

  @Test func goldenExampleReadsAndWritesBackIdentically() throws {
    let data = try Data(contentsOf: Self.folder.appending(path: "ExactCertificate.example.json"))
    let certificate = try JSONFile.decode(ExactCertificate.self, from: data, source: "example")
    #expect(certificate.isOptimal && !certificate.meetsInitialBound && certificate.raises.count == 2)
    #expect(try JSONFile.encode(certificate) == data)
  }

  @Test func schemaDescribesTheExample() throws {
    func object(_ name: String) throws -> [String: Any] {
      let data = try Data(contentsOf: Self.folder.appending(path: name))
      return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }
    func compare(_ value: Any, _ schema: Any?) throws {
      let schema = try #require(schema as? [String: Any])
      if let list = value as? [Any] {
        for item in list { try compare(item, schema["items"]) }
      } else if let object = value as? [String: Any] {
        let properties = try #require(schema["properties"] as? [String: Any])
        #expect(Set(properties.keys) == Set(object.keys))
        #expect(Set(try #require(schema["required"] as? [String])).isSubset(of: object.keys))
        for (key, item) in object { try compare(item, properties[key]) }
      }
    }
    try compare(try object("ExactCertificate.example.json"), try object("ExactCertificate.schema.json"))
  }

  @Test func otherVersionsAreRefused() throws {
    let data = try Data(contentsOf: Self.folder.appending(path: "ExactCertificate.example.json"))
    let text = String(decoding: data, as: UTF8.self)
      .replacingOccurrences(of: "\"schemaVersion\" : 1", with: "\"schemaVersion\" : 2")
    let error = #expect(throws: JSONFileError.self) {
      try JSONFile.decode(ExactCertificate.self, from: Data(text.utf8), source: "certificate.json")
    }
    #expect(error?.description.contains("version 2") == true)
  }
}
