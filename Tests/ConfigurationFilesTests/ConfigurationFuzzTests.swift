import ConfigurationFiles
import Foundation
import Foundations
import Testing

/// Damaged files give one clear error or a tree, never a crash, in bounded time.
@Suite struct ConfigurationFuzzTests {
  static let seed = """
    # comment & more
    schemaVersion: 1
    name: "quoted \\u00e9 \\x41 text"
    single: 'it''s'
    list: [1, 2.5, {a: b, c: [d]}, "x"]
    block:
      - one
      - key: value
        other: |
          literal text
           indented
      - >-
        folded
        text
    ? complex
    : value
    anchors: &anchor {x: 1}
    "key with: colon": !!str 5
    size: 64KiB
    multi line: plain text
      continued
    """

  static let fragments: [[UInt8]] = [
    "&a ", "*a", "*anchor", "!!map ", "? ", ": ", "- ", "[", "]", "{", "}", "\"", "'", "\\", "|", ">",
    "%YAML 9.9\n", "---\n",
    "...\n", "\u{FEFF}", "\0", "\t", "\r", "<<: ", "\\u0000", "\\ud800", "\\UFFFFFFFF", "\u{85}", "#", ",",
    "@", "`",
  ].map { Array($0.utf8) }

  @Test func damagedFiles() {
    let original = Array(Self.seed.utf8)
    var generator = SeededGenerator(seed: 99)
    var valid = 0
    var errors: Set<String> = []
    for round in 0..<6000 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...(round % 3 == 0 ? 20 : 2), using: &generator) {
        let index = Int.random(in: 0..<max(bytes.count, 1), using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: if !bytes.isEmpty { bytes[index] = UInt8.random(in: 0...255, using: &generator) }
        case 1: bytes.removeSubrange(index...)
        case 2:
          let end = min(bytes.count, index + Int.random(in: 0...12, using: &generator))
          bytes.removeSubrange(min(index, end)..<end)
        case 3:
          bytes.insert(
            contentsOf: Self.fragments.randomElement(using: &generator)!, at: min(index, bytes.count))
        case 4:
          let end = min(bytes.count, index + Int.random(in: 0...60, using: &generator))
          bytes.insert(
            contentsOf: bytes[min(index, end)..<end], at: Int.random(in: 0...bytes.count, using: &generator))
        default: if !bytes.isEmpty { bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
        }
      }
      do {
        let reader = try ConfigurationFile.read(Data(bytes), as: URL(fileURLWithPath: "file.yaml"))
        _ = ConfigurationWriter.text(reader.node.configurationValue)
        valid += 1
      } catch {
        let text = "\(error)"
        #expect(text.hasPrefix("file.yaml:") && !text.contains("\n"), "\(text)")
        errors.insert(error.reason)
      }
    }
    #expect(valid > 50 && errors.count > 40)
  }

  /// Large inputs of every kind that costs a parser most.
  @Test func largeFiles() {
    let size = 250_000
    func filled(_ unit: String) -> String { String(repeating: unit, count: size / unit.utf8.count) }
    let texts = [
      filled("["), filled("{"), filled("{a: "), filled("- "), filled("? "), filled("a: 1\n"), filled("'"),
      filled("\""), filled("&a "),
      filled("*a "), filled("!t "), "k: " + filled("[x], "), filled("\n"), filled("# c\n"),
      "k: |\n" + filled(" x\n"), filled("x"),
      (0..<20_000).map { "k\($0): 1\n" }.joined(),
      String(repeating: "{? ", count: 900) + filled("a ").prefix(200_000)
        + String(repeating: ": 1}", count: 900),
    ]
    let clock = ContinuousClock()
    for text in texts {
      let time = clock.measure { #expect(message { _ = try parse(text) } != nil) }
      // Far above what it takes, far below a hang.
      #expect(time < .seconds(20), "\(text.prefix(12))")
    }
  }
}
