/// Which of a number of vertices come before which others: always transitive, and never in a circle.
struct PartialOrder {
  /// Number of vertices.
  let count: Int
  /// Words of one row.
  let wordCount: Int
  private var before: [UInt64]
  private var after: [UInt64]

  /// The order that follows from each vertex's predecessors, which contain no circle.
  ///
  /// - Complexity: edges times vertices over 64.
  init(predecessors: [[Int]]) {
    count = predecessors.count
    wordCount = (count + 63) / 64
    before = [UInt64](repeating: 0, count: count * wordCount)
    after = before
    for vertex in depthFirstPostOrder(count: count, roots: Array(0..<count), next: { predecessors[$0] }) {
      for other in predecessors[vertex] {
        for word in 0..<wordCount { before[vertex * wordCount + word] |= before[other * wordCount + word] }
        before[vertex * wordCount + other >> 6] |= 1 << UInt64(other & 63)
      }
    }
    for vertex in 0..<count {
      forEachBefore(vertex) { after[$0 * wordCount + vertex >> 6] |= 1 << UInt64(vertex & 63) }
    }
  }

  /// Whether `first` comes before `second`.
  @inline(__always) func precedes(_ first: Int, _ second: Int) -> Bool {
    before[second * wordCount + first >> 6] >> UInt64(first & 63) & 1 != 0
  }

  /// Whether neither of two different vertices comes before the other.
  @inline(__always) func areFree(_ first: Int, _ second: Int) -> Bool {
    first != second && !precedes(first, second) && !precedes(second, first)
  }

  /// The vertices before one, as bits.
  func rowBefore(_ vertex: Int) -> ArraySlice<UInt64> {
    before[vertex * wordCount..<(vertex + 1) * wordCount]
  }

  /// The vertices after one, as bits.
  func rowAfter(_ vertex: Int) -> ArraySlice<UInt64> {
    after[vertex * wordCount..<(vertex + 1) * wordCount]
  }

  /// Calls `body` for every vertex before one, ascending.
  func forEachBefore(_ vertex: Int, _ body: (Int) -> Void) { Self.forEach(in: rowBefore(vertex), body) }

  /// Calls `body` for every vertex after one, ascending.
  func forEachAfter(_ vertex: Int, _ body: (Int) -> Void) { Self.forEach(in: rowAfter(vertex), body) }

  private static func forEach(in row: ArraySlice<UInt64>, _ body: (Int) -> Void) {
    for (position, word) in row.enumerated() {
      var rest = word
      while rest != 0 {
        body(position << 6 + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
  }

  /// Demands that `first` comes before `second`, and everything that follows from it.
  ///
  /// - Precondition: `second` does not come before `first`, and they differ.
  /// - Complexity: vertices squared over 64 at worst.
  mutating func add(_ first: Int, before second: Int) {
    precondition(first != second && !precedes(second, first), "an order cannot have a circle")
    if precedes(first, second) { return }
    var lower = Array(rowBefore(first))
    lower[first >> 6] |= 1 << UInt64(first & 63)
    var upper = Array(rowAfter(second))
    upper[second >> 6] |= 1 << UInt64(second & 63)
    Self.forEach(in: upper[...]) { vertex in
      for word in 0..<wordCount { before[vertex * wordCount + word] |= lower[word] }
    }
    Self.forEach(in: lower[...]) { vertex in
      for word in 0..<wordCount { after[vertex * wordCount + word] |= upper[word] }
    }
  }
}
