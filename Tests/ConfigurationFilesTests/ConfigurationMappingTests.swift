import ConfigurationFiles
import Foundation
import Testing

@Suite struct ConfigurationMappingTests {
  enum Colour: String, CaseIterable { case red, green }

  static let text = """
    schemaVersion: 1
    count: 12
    share: 2.5e-1
    flag: true
    title: Two words  # a comment
    quoted: "7"
    colour: green
    size: 64KiB
    bytes: 1536
    list: [1, two]
    nested:
      deep: {x: 3}
    file: ../data/a.bin
    absolute: /data/b.bin
    """

  @Test func values() throws {
    var reader = try parse(Self.text)
    #expect(try reader.int("count", in: 1...12) == 12)
    #expect(try reader.double("share", in: 0...1) == 0.25)
    #expect(try reader.double("count") == 12)
    #expect(try reader.bool("flag"))
    #expect(try reader.string("title") == "Two words")
    #expect(try reader.string("quoted") == "7")
    #expect(try reader.choice("colour", of: Colour.self) == .green)
    #expect(try reader.choice("colour", among: ["green"]) == "green")
    #expect(try reader.bytes("size") == 65_536)
    #expect(try reader.bytes("bytes", in: 1...) == 1536)
    let list = try reader.list("list", count: 2...2)
    #expect(try list[0].int() == 1)
    #expect(try list[1].text() == "two")
    #expect(list[1].name == "list[1]" && list[1].line == 10 && list[1].column == 11)
    var nested = try reader.mapping("nested")
    var deep = try nested.mapping("deep")
    #expect(try deep.int("x") == 3)
    try deep.finish()
    try nested.finish()
    let folder = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
    #expect(try reader.path("file").path == folder.deletingLastPathComponent().path + "/data/a.bin")
    #expect(try reader.path("absolute").path == "/data/b.bin")
    #expect(try reader.optionalInt("missing") == nil)
    #expect(try reader.optionalDouble("missing") == nil)
    #expect(try reader.optionalBool("missing") == nil)
    #expect(try reader.optionalString("missing") == nil)
    #expect(try reader.optionalBytes("missing") == nil)
    #expect(try reader.optionalChoice("missing", of: Colour.self) == nil)
    #expect(try reader.optionalPath("missing") == nil)
    #expect(try reader.optionalMapping("missing") == nil)
    #expect(try reader.optionalList("missing") == nil)
    try reader.finish()
  }

  /// A line of a file, how it is read, and what is wrong with it.
  static let mistakes:
    [(line: String, read: @Sendable (inout ConfigurationMapping) throws -> Void, message: String)] = [
      ("k: 1.5", { _ = try $0.int("k") }, "'k' must be an integer, found the number 1.5"),
      ("k: '5'", { _ = try $0.int("k") }, "'k' must be an integer, found the text \"5\""),
      (
        "k: 99999999999999999999", { _ = try $0.int("k") },
        "'k' must be an integer, found the number 99999999999999999999"
      ),
      ("k: 0", { _ = try $0.int("k", in: 1...) }, "'k' must be at least 1, found 0"),
      ("k: 9", { _ = try $0.int("k", in: 1..<9) }, "'k' must be at least 1 and below 9, found 9"),
      ("k: 9", { _ = try $0.int("k", in: ...8) }, "'k' must be at most 8, found 9"),
      ("k: 9", { _ = try $0.int("k", in: 8...8) }, "'k' must be 8, found 9"),
      ("k:", { _ = try $0.int("k", in: 1...3) }, "'k' must be an integer between 1 and 3, found nothing"),
      ("k: [1]", { _ = try $0.int("k") }, "'k' must be an integer, found a list"),
      ("k: {a: 1}", { _ = try $0.int("k") }, "'k' must be an integer, found a mapping"),
      ("k: .inf", { _ = try $0.double("k") }, "'k' must be a number, found '.inf'"),
      ("k: nan", { _ = try $0.double("k") }, "'k' must be a number, found 'nan'"),
      ("k: 0x1p3", { _ = try $0.double("k") }, "'k' must be a number, found '0x1p3'"),
      ("k: 1e999", { _ = try $0.double("k") }, "'k' must be a number, found '1e999'"),
      ("k: 1.1", { _ = try $0.double("k", in: 0...1) }, "'k' must be between 0.0 and 1.0, found 1.1"),
      ("k: yes", { _ = try $0.bool("k") }, "'k' must be true or false, found 'yes'"),
      (
        "k: true", { _ = try $0.string("k") },
        "'k' must be text, found 'true'; quote it if it is meant as text"
      ),
      (
        "k: 12", { _ = try $0.string("k") },
        "'k' must be text, found the number 12; quote it if it is meant as text"
      ),
      ("k: ~", { _ = try $0.string("k") }, "'k' has no value"),
      ("k: ''", { _ = try $0.string("k") }, "'k' must not be empty"),
      ("k: gren", { _ = try $0.choice("k", of: Colour.self) }, "'k' cannot be 'gren'; did you mean 'green'?"),
      (
        "k: blue", { _ = try $0.choice("k", of: Colour.self) },
        "'k' cannot be 'blue'; valid are 'red', 'green'"
      ),
      (
        "k: 12 apples", { _ = try $0.bytes("k") },
        "'k' must be a size such as 64KiB, 1MiB or a number of bytes, found '12 apples'"
      ),
      ("k: 2KiB", { _ = try $0.bytes("k", in: ...1024) }, "'k' must be at most 1024 bytes, found 2048"),
      ("k: 1", { _ = try $0.list("k") }, "'k' must be a list, found the number 1"),
      ("k: [1]", { _ = try $0.list("k", count: 2...) }, "'k' must have at least 2 items, found 1 item"),
      ("k: 1", { _ = try $0.mapping("k") }, "'k' must be a mapping, found the number 1"),
      ("k: \"a\\0b\"", { _ = try $0.path("k") }, "'k' must be a path, found a NUL character"),
      (
        "k: {b: 1}",
        {
          var m = try $0.mapping("k"); _ = try m.int("c")
        }, "the key 'c' is missing in 'k'"
      ),
      (
        "k: {length: 1}",
        {
          var m = try $0.mapping("k"); _ = try m.int("lenght")
        }, "unknown key 'length' in 'k'; did you mean 'lenght'?"
      ),
      (
        "k: {b: 1, zz: 2}",
        {
          var m = try $0.mapping("k"); _ = try m.int("b"); try m.finish()
        }, "unknown key 'zz' in 'k'; valid are 'b'"
      ),
      (
        "k: [{b: x}]",
        {
          var m = try $0.list("k")[0].mapping(); _ = try m.int("b")
        }, "'k[0].b' must be an integer, found 'x'"
      ),
    ]

  @Test(arguments: mistakes.indices)
  func mistake(index: Int) throws {
    let (line, read, expected) = Self.mistakes[index]
    var reader = try parse("schemaVersion: 1\n\n# comment\n\(line)\n")
    #expect(message { try read(&reader) } == "file.yaml:4: \(expected)")
  }

  /// The nearest valid key is suggested among those that were asked for, optional ones included.
  @Test func unknownKey() throws {
    var reader = try parse("schemaVersion: 1\ntrials: 3\nwrokers: 2\n")
    _ = try reader.int("trials")
    _ = try reader.optionalInt("workers")
    #expect(message { try reader.finish() } == "file.yaml:3: unknown key 'wrokers'; did you mean 'workers'?")
  }
}

@Suite struct NearestNameTests {
  /// The distance by its recursive definition.
  static func slowDistance(_ a: [Character], _ b: [Character]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    let (aRest, bRest) = (Array(a.dropLast()), Array(b.dropLast()))
    var best = min(
      slowDistance(aRest, b) + 1, slowDistance(a, bRest) + 1,
      slowDistance(aRest, bRest) + (a.last == b.last ? 0 : 1))
    if a.count > 1, b.count > 1, a.last == bRest.last, b.last == aRest.last {
      best = min(best, slowDistance(Array(aRest.dropLast()), Array(bRest.dropLast())) + 1)
    }
    return best
  }

  @Test func distancesOfAllShortWords() {
    let words = [[""], ["a", "b"], ["aa", "ab", "ba", "ca"], ["abc", "acb", "bca"], ["abca", "bacb"]].flatMap
    { $0 }
    for a in words {
      for b in words {
        #expect(NearestName.editDistance(a, b) == Self.slowDistance(Array(a), Array(b)), "\(a) \(b)")
      }
    }
  }

  @Test func suggestions() {
    #expect(NearestName.suggestion(for: "schedular", among: ["seed", "scheduler"]) == "scheduler")
    #expect(NearestName.suggestion(for: "SEED", among: ["seed"]) == "seed")
    #expect(NearestName.suggestion(for: "memory", among: ["seed", "trials"]) == nil)
    #expect(NearestName.suggestion(for: "3", among: ["1"]) == nil)
    #expect(NearestName.suggestion(for: String(repeating: "x", count: 10_000), among: ["seed"]) == nil)
    #expect(NearestName.hint(for: "x", among: []) == "")
  }
}
