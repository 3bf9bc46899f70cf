/// A set of small integers in machine words, compared and hashed by its members.
struct BitSet: Hashable {
  private(set) var words: [UInt64]

  /// An empty set that can hold 0 ..< `capacity`. Sets are equal only if their capacities are.
  init(capacity: Int) { words = [UInt64](repeating: 0, count: (capacity + 63) / 64) }

  func contains(_ member: Int) -> Bool { words[member >> 6] >> UInt64(member & 63) & 1 != 0 }

  mutating func insert(_ member: Int) { words[member >> 6] |= 1 << UInt64(member & 63) }

  mutating func remove(_ member: Int) { words[member >> 6] &= ~(1 << UInt64(member & 63)) }
}
