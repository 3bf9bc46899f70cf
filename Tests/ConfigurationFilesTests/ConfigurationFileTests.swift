import ConfigurationFiles
import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct ConfigurationFileTests {
  static let longList = "k: [" + String(repeating: "[", count: 5000)
  static let mistakes: [(text: String, message: String)] = [
    ("", "file.yaml: is empty"),
    ("# only a comment\n", "file.yaml: is empty"),
    ("---\n...\n", "file.yaml:2: the file must be a mapping of keys to values, found nothing"),
    ("just words", "file.yaml:1: the file must be a mapping of keys to values, found 'just words'"),
    ("- 1\n- 2\n", "file.yaml:1: the file must be a mapping of keys to values, found a list"),
    ("a: 1\nunknown: 2\n", "file.yaml:1: the key 'schemaVersion' is missing"),
    ("a: 1\nschemaversion: 1\n", "file.yaml:2: unknown key 'schemaversion'; did you mean 'schemaVersion'?"),
    ("a: 1\nschemaVersion: 7\n", "file.yaml:2: 'schemaVersion' must be 1, found 7"),
    (
      "schemaVersion: 1\na: 1\nb: 2\na: 3\n",
      "file.yaml:2: the key 'a' is given more than once in one mapping"
    ),
    (
      "schemaVersion: 1\nx: {a: 1, 'a': 3}\n",
      "file.yaml:2: the key 'a' is given more than once in one mapping"
    ),
    (
      "schemaVersion: 1\na: [1, 2\nb: 3\n",
      "file.yaml:3: not valid YAML: while parsing a flow sequence: did not find expected ',' or ']'"
    ),
    (
      "schemaVersion: 1\na: 'x\n",
      "file.yaml:3: not valid YAML: while scanning a quoted scalar: found unexpected end of stream"
    ),
    (
      "schemaVersion: 1\n\tb: 3\n",
      "file.yaml:2: not valid YAML: while scanning a plain scalar: found a tab character that violates indentation"
    ),
    (
      "schemaVersion: 1\na: b: c\n",
      "file.yaml:2: not valid YAML: mapping values are not allowed in this context"
    ),
    ("schemaVersion: 1\na: \u{1}\n", "file.yaml:2: not valid YAML: control characters are not allowed"),
    (
      "schemaVersion: 1\na: &x 1\nb: *x\n", "file.yaml:3: aliases (*x) are not supported; write the value out"
    ),
    ("schemaVersion: 1\nb: *y\n", "file.yaml:2: not valid YAML: found undefined alias"),
    ("schemaVersion: 1\nb: !!int 3\n", "file.yaml:2: tags (!…) are not supported"),
    ("schemaVersion: 1\nb: !special [3]\n", "file.yaml:2: tags (!…) are not supported"),
    ("schemaVersion: 1\n? [a, b]\n: 3\n", "file.yaml:2: keys must be text, not lists or mappings"),
    (
      "schemaVersion: 1\n---\nb: 3\n",
      "file.yaml:2: not valid YAML: expected a single document in the stream: but found another document"
    ),
    (longList, "file.yaml:1: nested more than 32 levels deep"),
    (
      "k: " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40),
      "file.yaml:1: nested more than 32 levels deep"
    ),
    (String(repeating: "- ", count: 900) + "x", "file.yaml:1: nested more than 32 levels deep"),
  ]

  @Test(arguments: mistakes)
  func mistake(text: String, expected: String) {
    #expect(message { _ = try parse(text) } == expected)
  }

  /// A few kilobytes that would stand for 2^100 items if aliases were followed.
  @Test func aliasBomb() {
    var text = "schemaVersion: 1\na0: &a0 [x]\n"
    for level in 1..<100 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
    #expect(
      message { _ = try parse(text) } == "file.yaml:3: aliases (*a0) are not supported; write the value out")
  }

  /// `&` and `*` are ordinary characters inside text.
  @Test func ampersandsInText() throws {
    var reader = try parse("schemaVersion: 1\ntitle: small & fast *really*\n")
    #expect(try reader.string("title") == "small & fast *really*")
  }

  @Test func bytesThatAreNoText() {
    func read(_ bytes: [UInt8]) -> String? {
      message { _ = try ConfigurationFile.read(Data(bytes), as: URL(fileURLWithPath: "file.yaml")) }
    }
    #expect(read([0xFF, 0xFE, 0x61]) == "file.yaml: is not UTF-8 text")
    #expect(read([0x61, 0x3A, 0x20, 0x80]) == "file.yaml: is not UTF-8 text")
    #expect(read([0, 0, 0, 0])?.hasPrefix("file.yaml:1: not valid YAML") == true)
    #expect(read([UInt8](repeating: 0x20, count: 300_000)) == "file.yaml: is larger than 256 KiB")
  }

  @Test func filesThatCannotBeRead() throws {
    try withTemporaryFolder { folder in
      func load(_ name: String) -> String? {
        message { _ = try ConfigurationFile.read(folder.appendingPathComponent(name)) }
      }
      #expect(load("missing.yaml")?.hasSuffix("missing.yaml: cannot be read: no such file or folder") == true)
      #expect(load(".")?.hasSuffix("is a folder, not a file") == true)
      let pipe = folder.appendingPathComponent("pipe.yaml")
      #expect(mkfifo(pipe.path, 0o600) == 0)
      #expect(load("pipe.yaml")?.hasSuffix("pipe.yaml: is not a regular file") == true)
      #expect(
        message { _ = try ConfigurationFile.read(URL(fileURLWithPath: "/dev/zero")) }
          == "/dev/zero: is not a regular file")
      try Data(count: 300_000).write(to: folder.appendingPathComponent("large.yaml"))
      #expect(
        load("large.yaml")?.hasSuffix("is too large for a configuration file: 293 KiB, at most 256 KiB")
          == true)
      try Data("schemaVersion: 1\nx: 4\n".utf8).write(to: folder.appendingPathComponent("good.yaml"))
      try FileManager.default.createSymbolicLink(
        at: folder.appendingPathComponent("link.yaml"),
        withDestinationURL: folder.appendingPathComponent("good.yaml"))
      var reader = try ConfigurationFile.read(folder.appendingPathComponent("link.yaml"))
      #expect(try reader.int("x") == 4)
    }
  }

  /// Errors name the file as the caller did.
  @Test func relativeNames() {
    let url = URL(fileURLWithPath: "no/such/folder/x.yaml")
    #expect(
      message { _ = try ConfigurationFile.read(url) }
        == "no/such/folder/x.yaml: cannot be read: no such file or folder")
  }
}
