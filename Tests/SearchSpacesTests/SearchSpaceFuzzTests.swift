import ConfigurationFiles
import Foundation
import Foundations
import SearchSpaces
import Testing

/// Damaged files are errors with one line, or valid spaces; never a crash.
@Suite struct SearchSpaceFuzzTests {
  static let fragments = [
    "0", "-1", "999999999999", "[]", "{}", "edge", "1.5", "relu", "zero", "identity", "2", "blocks", "edges",
    "cell",
    "true", "whole", "[1, 2]", "{conv: {kernel: 3}}", "~", "",
  ]

  @Test(arguments: Spaces.stockNames)
  func damagedFiles(name: String) throws {
    let tokens = Self.tokens(try Spaces.stockText(name))
    var generator = SeededGenerator(seed: 41)
    var valid = 0
    for _ in 0..<1500 {
      var damaged = tokens
      for _ in 0..<Int.random(in: 1...2, using: &generator) {
        let index = Int.random(in: 0..<damaged.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: damaged.remove(at: index)
        case 1: damaged[index] = Self.fragments.randomElement(using: &generator)!
        case 2: damaged[index] = tokens.randomElement(using: &generator)!
        default: damaged.insert(tokens.randomElement(using: &generator)!, at: index)
        }
      }
      do {
        let space = try Spaces.read(damaged.joined())
        valid += 1
        let candidate = space.sample(using: &generator)
        _ = space.label(candidate.architecture)
        _ = space.mutate(candidate, using: &generator)
        _ = try? space.trainingGraph(for: candidate.architecture, input: Spaces.fashionImages)
      } catch let error as ConfigurationError {
        #expect(!error.description.contains("\n") && error.description.hasPrefix("space.yaml"))
      }
    }
    #expect(valid > 50 && valid < 1450)
  }

  /// The text cut where words begin and end.
  static func tokens(_ text: String) -> [String] {
    var tokens: [String] = []
    for character in text.split(separator: "\n").filter({ !$0.hasPrefix("#") }).joined(separator: "\n") {
      let isWord = character.isLetter || character.isNumber || character == "_"
      if isWord, let last = tokens.last?.last, last.isLetter || last.isNumber || last == "_" {
        tokens[tokens.count - 1].append(character)
      } else {
        tokens.append(String(character))
      }
    }
    return tokens
  }
}
