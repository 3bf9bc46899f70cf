import Foundation
import Foundations
import Testing

@Suite struct SeededGeneratorTests {
  /// The published xoshiro256** recurrence, seeded by SplitMix64, written out with plain variables.
  @Test func followsThePublishedRecurrence() {
    var seed: UInt64 = 42
    func splitMix() -> UInt64 {
      seed = seed &+ 0x9E37_79B9_7F4A_7C15
      var z = seed
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    var (a, b, c, d) = (splitMix(), splitMix(), splitMix(), splitMix())
    func rotate(_ x: UInt64, _ k: UInt64) -> UInt64 { x << k | x >> (64 - k) }
    var generator = SeededGenerator(seed: 42)
    for _ in 0..<100 {
      let expected = rotate(b &* 5, 7) &* 9
      let t = b << 17
      c ^= a
      d ^= b
      b ^= c
      a ^= d
      c ^= t
      d = rotate(d, 45)
      #expect(generator.next() == expected)
    }
  }

  @Test func continuesFromAStoredState() throws {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<10 { _ = generator.next() }
    var restored = try JSONDecoder().decode(SeededGenerator.self, from: JSONEncoder().encode(generator))
    for _ in 0..<10 { #expect(restored.next() == generator.next()) }
  }

  @Test func streamsDiffer() {
    var first = SeededGenerator(seed: 1, stream: 0)
    var second = SeededGenerator(seed: 1, stream: 1)
    #expect(first.next() != second.next())
  }

  @Test func normalSamplesHaveUnitVariance() {
    var generator = SeededGenerator(seed: 5)
    let samples = (0..<20_000).map { _ in generator.nextNormal() }
    let mean = samples.reduce(0, +) / Double(samples.count)
    let variance = samples.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(samples.count)
    #expect(abs(mean) < 0.03)
    #expect(abs(variance - 1) < 0.05)
  }
}
