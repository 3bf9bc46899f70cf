/// The states with one number of executed operators, at most one per set of executed operators.
///
/// A state is the executed set, the set of ready operators, the live bytes, and the lowest peak found on a way
/// there. Of the sets only a window of words is stored: below it every state has executed everything, above it
/// nothing.
final class SignatureLayer {
  private(set) var count = 0
  /// The first word of the window.
  private(set) var firstWord = 0
  /// The word after the window.
  private(set) var endWord = 0
  private let liveColumn = GrowingBuffer<Int>()
  private let peakColumn = GrowingBuffer<Int>()
  private let hashColumn = GrowingBuffer<UInt64>()
  /// Per state the words of the executed set, then those of the ready set.
  private let words = GrowingBuffer<UInt64>()
  /// Open addressing: the generation of a slot in the high half, a state in the low half.
  private var table: UnsafeMutablePointer<UInt64>
  private var tableCapacity = 64
  private var generation: UInt64 = 0

  init() {
    table = .allocate(capacity: tableCapacity)
    table.initialize(repeating: 0, count: tableCapacity)
  }

  deinit { table.deallocate() }

  /// What a state takes in memory with a window of so many words, its place in the table included.
  static func bytesPerState(words: Int) -> Int { 40 + 16 * words }

  /// Forgets all states and sets the window.
  func reset(firstWord: Int, endWord: Int) {
    self.firstWord = firstWord
    self.endWord = endWord
    count = 0
    liveColumn.truncate(to: 0)
    peakColumn.truncate(to: 0)
    hashColumn.truncate(to: 0)
    words.truncate(to: 0)
    forgetTable()
  }

  @inline(__always) func live(_ state: Int) -> Int { liveColumn[state] }
  @inline(__always) func peak(_ state: Int) -> Int { peakColumn[state] }
  @inline(__always) func hash(_ state: Int) -> UInt64 { hashColumn[state] }

  /// The executed set of a state, from ``firstWord`` on.
  @inline(__always) func executed(_ state: Int) -> UnsafeMutablePointer<UInt64> {
    words.base + state * 2 * (endWord - firstWord)
  }

  /// The ready set of a state, from ``firstWord`` on.
  @inline(__always) func ready(_ state: Int) -> UnsafeMutablePointer<UInt64> {
    words.base + (state * 2 + 1) * (endWord - firstWord)
  }

  /// What became of a state that was added.
  enum Addition {
    /// It is new.
    case new
    /// The set was known with a higher peak, which is replaced.
    case better(Int)
    /// The set was known with no higher peak.
    case known
  }

  /// Adds a state, given by whole sets. The ready set is copied as it is.
  @inline(__always) func add(
    hash: UInt64, executed: UnsafePointer<UInt64>, ready: UnsafePointer<UInt64>, live: Int, peak: Int
  ) -> Addition {
    var slot = Int(truncatingIfNeeded: hash) & (tableCapacity - 1)
    while table[slot] >> 32 == generation {
      let state = Int(table[slot] & 0xFFFF_FFFF)
      if hashColumn[state] == hash, isEqual(state, executed) {
        if peak >= peakColumn[state] { return .known }
        peakColumn[state] = peak
        return .better(state)
      }
      slot = (slot + 1) & (tableCapacity - 1)
    }
    table[slot] = generation << 32 | UInt64(count)
    for word in firstWord..<endWord { words.append(executed[word]) }
    for word in firstWord..<endWord { words.append(ready[word]) }
    liveColumn.append(live)
    peakColumn.append(peak)
    hashColumn.append(hash)
    count += 1
    if count * 2 > tableCapacity { growTable() }
    return .new
  }

  /// Keeps the `width` states with the lowest peaks, then the fewest live bytes, then the first ones, in the order in
  /// which they were added.
  ///
  /// - Returns: the former numbers of those that are kept.
  func keepBest(_ width: Int) -> [Int] {
    let kept = (0..<count).sorted { a, b in
      (peakColumn[a], liveColumn[a], a) < (peakColumn[b], liveColumn[b], b)
    }.prefix(width).sorted()
    let stride = 2 * (endWord - firstWord)
    for (place, state) in kept.enumerated() {
      liveColumn[place] = liveColumn[state]
      peakColumn[place] = peakColumn[state]
      hashColumn[place] = hashColumn[state]
      for word in 0..<stride { words[place * stride + word] = words[state * stride + word] }
    }
    count = kept.count
    liveColumn.truncate(to: count)
    peakColumn.truncate(to: count)
    hashColumn.truncate(to: count)
    words.truncate(to: count * stride)
    forgetTable()
    for state in 0..<count { enter(state) }
    return kept
  }

  @inline(__always) private func isEqual(_ state: Int, _ other: UnsafePointer<UInt64>) -> Bool {
    let own = executed(state)
    for word in firstWord..<endWord where own[word - firstWord] != other[word] { return false }
    return true
  }

  private func forgetTable() {
    generation += 1
    if generation > 0xFFFF_FFFF {
      table.update(repeating: 0, count: tableCapacity)
      generation = 1
    }
  }

  private func growTable() {
    table.deallocate()
    tableCapacity *= 4
    table = .allocate(capacity: tableCapacity)
    table.initialize(repeating: 0, count: tableCapacity)
    generation = 1
    for state in 0..<count { enter(state) }
  }

  private func enter(_ state: Int) {
    var slot = Int(truncatingIfNeeded: hashColumn[state]) & (tableCapacity - 1)
    while table[slot] >> 32 == generation { slot = (slot + 1) & (tableCapacity - 1) }
    table[slot] = generation << 32 | UInt64(state)
  }
}
