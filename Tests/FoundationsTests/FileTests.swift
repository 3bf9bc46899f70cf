import Foundation
import Foundations
import Testing

@Suite struct FileTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

  @Test func writesAndReads() throws {
    try AtomicFile.createFolder(folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("a.txt")
    try AtomicFile.write("one", to: file)
    try AtomicFile.write("two", to: file)
    #expect(try AtomicFile.read(file) == Data("two".utf8))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.txt"])
  }

  @Test func namesWhatCannotBeRead() {
    let file = folder.appendingPathComponent("missing.txt")
    #expect(throws: FileError.cannotRead(path: file.path, reason: "no such file or folder")) {
      try AtomicFile.read(file)
    }
  }

  @Test func namesWhatCannotBeWritten() {
    let file = folder.appendingPathComponent("no-folder/file.txt")
    let error = #expect(throws: FileError.self) { try AtomicFile.write("x", to: file) }
    #expect(error?.description.hasPrefix("cannot write \(file.path): ") == true)
  }

  @Test func jsonErrorsNameTheKey() {
    struct Inner: Decodable { let size: Int }
    struct Outer: Decodable { let items: [Inner] }
    func message(_ text: String) -> String? {
      #expect(throws: JSONFileError.self) {
        try JSONFile.decode(Outer.self, from: Data(text.utf8), source: "a.json")
      }?.description
    }
    #expect(message("{}") == "a.json: key 'items' is missing at the top level")
    #expect(message(#"{"items": [{"size": 1}, {}]}"#) == "a.json: key 'size' is missing at .items[1]")
    #expect(message("{")?.hasPrefix("a.json: not valid JSON") == true)
  }
}
