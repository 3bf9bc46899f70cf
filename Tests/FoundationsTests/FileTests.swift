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

  /// More than fits a pipe at once, as `tandem schedule <(…)` has it.
  @Test func readsPipes() throws {
    try AtomicFile.createFolder(folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    let pipe = folder.appendingPathComponent("pipe")
    #expect(mkfifo(pipe.path, 0o600) == 0)
    let writer = Process()
    writer.executableURL = URL(fileURLWithPath: "/bin/sh")
    writer.arguments = ["-c", "{ printf start; sleep 0.1; head -c 300000 /dev/zero; } > \"$0\"", pipe.path]
    try writer.run()
    #expect(try AtomicFile.read(pipe) == Data("start".utf8) + Data(count: 300_000))
    writer.waitUntilExit()
    #expect(writer.terminationStatus == 0)
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

  @Test func aFolderIsNoFileAndAFileNoFolder() throws {
    try AtomicFile.createFolder(folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("file")
    try AtomicFile.write("x", to: file)
    let inside = file.appendingPathComponent("inside/deep")
    #expect(throws: FileError.cannotRead(path: folder.path, reason: "it is a folder")) {
      try AtomicFile.read(folder)
    }
    #expect(throws: FileError.cannotWrite(path: folder.path, reason: "it is a folder")) {
      try AtomicFile.write("x", to: folder)
    }
    #expect(throws: FileError.cannotCreateFolder(path: file.path, reason: "it is a file")) {
      try AtomicFile.createFolder(file)
    }
    let reason = "\(file.path) is a file, not a folder"
    #expect(throws: FileError.cannotCreateFolder(path: inside.path, reason: reason)) {
      try AtomicFile.createFolder(inside)
    }
    #expect(throws: FileError.cannotRead(path: inside.path, reason: reason)) { try AtomicFile.read(inside) }
    let error = #expect(throws: FileError.self) { try AtomicFile.write("x", to: inside) }
    #expect(error?.description.hasSuffix("is a file, not a folder") == true)
    #expect(try AtomicFile.read(file) == Data("x".utf8))
  }

  @Test func aLinkStaysALinkAndPermissionsStay() throws {
    try AtomicFile.createFolder(folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("file")
    let link = folder.appendingPathComponent("link")
    try AtomicFile.write("old", to: file)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
    try AtomicFile.write("new", to: link)
    #expect(try AtomicFile.read(file) == Data("new".utf8))
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == file.path)
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test func whatAKilledWriterLeftIsKnownAndRemoved() throws {
    try AtomicFile.createFolder(folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in [".tandem-12-3f.tmp", ".tandem.tmp.txt", "a.tmp"] {
      try Data("part".utf8).write(to: folder.appendingPathComponent(name))
    }
    AtomicFile.removeTemporaries(in: folder)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        == [".tandem.tmp.txt", "a.tmp"])
    #expect(AtomicFile.isTemporary(".tandem-12-3f.tmp"))
    #expect(!AtomicFile.isTemporary("lock"))
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
