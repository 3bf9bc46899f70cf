import ConfigurationFiles
import Foundation
import Foundations
import Testing

@Suite struct ConfigurationWriterTests {
  @Test func layout() {
    let value = ConfigurationValue.mapping([
      ("schemaVersion", .int(1)), ("zeta", .string("a b")), ("alpha", .double(0.5)), ("flag", .bool(true)),
      ("number", .string("12")), ("word", .string("no")), ("list", .list([.int(1), .string("x")])),
      ("nested", .mapping([("b", .int(2)), ("a", .mapping([]))])),
      ("items", .list([.mapping([("k", .string("v"))])])),
    ])
    #expect(
      ConfigurationWriter.text(value) == """
        schemaVersion: 1
        zeta: a b
        alpha: 0.5
        flag: true
        number: "12"
        word: "no"
        list: [1, x]
        nested:
          b: 2
          a: {}
        items:
        - k: v

        """)
  }

  /// Random trees, awkward text included, read back as they were written.
  @Test func roundTrip() throws {
    var generator = SeededGenerator(seed: 8)
    for _ in 0..<500 {
      let tree = ConfigurationValue.mapping([
        ("schemaVersion", .int(1)), ("root", Self.tree(depth: 0, &generator)),
      ])
      let text = ConfigurationWriter.text(tree)
      let read = try parse(text).node.configurationValue
      #expect(read == tree, "\(text)")
    }
  }

  static let awkward = [
    "true", "null", "~", "", " ", " lead", "trail ", "1", "-1.5e3", "a: b", "- x", "#x", "x #y", "'", "\"",
    "\\", "é",
    "日本", "a\nb", "a\n", "\t", "[", "{a}", "*x", "&x", "!t", "%d", "@", "`", "0x10", "1_000", "yes", "|", ">",
    "?",
    String(repeating: "long text ", count: 30), "2026-01-01", "<<", "=", "\u{7F}", "\u{85}", "😀", "..", "---",
  ]

  static func tree(depth: Int, _ generator: inout SeededGenerator) -> ConfigurationValue {
    switch Int.random(in: 0..<(depth < 4 ? 6 : 4), using: &generator) {
    case 0: return .int(Int.random(in: Int.min...Int.max, using: &generator))
    case 1: return .double(Double.random(in: -1e9...1e9, using: &generator) + 0.5)
    case 2: return .bool(Bool.random(using: &generator))
    case 3: return .string(awkward.randomElement(using: &generator)!)
    case 4:
      return .list(
        (0..<Int.random(in: 0...3, using: &generator)).map { _ in tree(depth: depth + 1, &generator) })
    default:
      let keys = Set(
        (0..<Int.random(in: 0...3, using: &generator)).map { _ in awkward.randomElement(using: &generator)! })
      return .mapping(keys.sorted().map { ($0, tree(depth: depth + 1, &generator)) })
    }
  }
}
