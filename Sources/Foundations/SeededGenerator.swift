/// A small, fast random number generator with an explicit, storable state.
///
/// The sequence depends on the seed alone, on every platform, so that a search can be repeated and a stopped
/// search continued from the state that was saved. The algorithm is xoshiro256** seeded through SplitMix64
/// (Blackman and Vigna, doi 10.1145/3460772).
///
///     var generator = SeededGenerator(seed: 7)
///     let face = Int.random(in: 1...6, using: &generator)
public struct SeededGenerator: RandomNumberGenerator, Hashable, Codable, Sendable {
  private var state: [UInt64]

  /// Creates a generator whose sequence is a function of `seed` alone.
  public init(seed: UInt64) {
    var mixer = seed
    state = (0..<4).map { _ in
      mixer &+= 0x9E37_79B9_7F4A_7C15
      var z = mixer
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  private enum CodingKeys: String, CodingKey { case state }

  /// Decodes a stored state; anything but four words, not all of them zero, is refused.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    state = try container.decode([UInt64].self, forKey: .state)
    guard state.count == 4, state.contains(where: { $0 != 0 }) else {
      throw DecodingError.dataCorruptedError(
        forKey: .state, in: container, debugDescription: "no state of a generator")
    }
  }

  /// A generator for an independent stream of the same seed: stream 0, 1, 2… never influence each other.
  public init(seed: UInt64, stream: UInt64) {
    var hasher = StableHasher()
    hasher.combine(seed)
    hasher.combine(stream)
    self.init(seed: hasher.value)
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    let product = state[1] &* 5
    let result = ((product << 7) | (product >> 57)) &* 9
    let shifted = state[1] << 17
    state[2] ^= state[0]
    state[3] ^= state[1]
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= shifted
    state[3] = (state[3] << 45) | (state[3] >> 19)
    return result
  }

  /// A sample of the standard normal distribution (Box–Muller, one value per call).
  public mutating func nextNormal() -> Double {
    let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &self))).squareRoot()
    return radius * cos(2 * Double.pi * Double.random(in: 0..<1, using: &self))
  }
}

#if canImport(Glibc)
  import Glibc
#else
  import Foundation
#endif
