/// Finds out which of two blocks comes first in every order of a piece that keeps within a bound.
///
/// If the least that is live while v runs, over all sets that contain u, exceeds the bound, u cannot come before v;
/// nor can it if the least that is live while u runs, over all sets without v, does. So v comes before u, which makes other
/// sets impossible, and so on. A pair for which both orders are impossible proves the bound too low. Exact: cuts in
/// integers, nothing is assumed but the bound.
struct OrderPruning {
  /// The order as far as it is known.
  private(set) var passage: PiecePassage
  private let piece: SchedulingPiece
  private let deadline: ContinuousClock.Instant?
  /// Sets before each block that leave so much live while it runs.
  private var witnesses: [[(bytes: Int, set: [UInt64])]]
  private let maximumWitnesses = 12

  init(_ piece: SchedulingPiece, deadline: ContinuousClock.Instant?) {
    self.piece = piece
    self.deadline = deadline
    passage = PiecePassage(piece)
    witnesses = [[(bytes: Int, set: [UInt64])]](repeating: [], count: piece.anchors.count)
  }

  /// Whether pairs were left untried because time ran out.
  private(set) var isOutOfTime = false

  /// Starts anew and fixes what every order within `bound` has in common.
  ///
  /// - Returns: nil, or, if no order keeps within the bound, a higher one that none stays below.
  mutating func restrict(to bound: Int) -> Int? {
    passage = PiecePassage(piece)
    let count = piece.anchors.count
    var blocked = Int.max
    for block in 0..<count {
      if let found = exceeds(bound, block) { return found }
    }
    if piece.firstStepBytes > 0 {
      let possible = piece.firstBytes.filter { $0.value <= bound }
      if possible.isEmpty { return piece.firstBytes.values.min()! }
      if possible.count == 1 {
        let first = possible.first!.key
        for (_, bytes) in piece.firstBytes where bytes > bound { blocked = min(blocked, bytes) }
        for block in 0..<count where passage.order.areFree(first, block) { passage.add(first, before: block) }
      }
    }
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      for second in 0..<count {
        for first in 0..<second where passage.order.areFree(first, second) {
          if let deadline, ContinuousClock.now > deadline {
            isOutOfTime = true
            return nil
          }
          let forward = obstacle(to: first, before: second, bound)
          if let forward { blocked = min(blocked, forward) }
          let backward = obstacle(to: second, before: first, bound)
          if let backward { blocked = min(blocked, backward) }
          switch (forward, backward) {
          case (nil, nil): continue
          case (.some, .some): return blocked
          case (.some, nil): passage.add(second, before: first)
          case (nil, .some): passage.add(first, before: second)
          }
          hasChanged = true
        }
      }
      if hasChanged {
        for block in 0..<count {
          if let found = exceeds(bound, block) { return min(found, blocked) }
        }
      }
    }
    return nil
  }

  /// The least that is live while a block runs, if it exceeds the bound.
  private mutating func exceeds(_ bound: Int, _ block: Int) -> Int? {
    if hasWitness(block, bound, { _ in true }) { return nil }
    return note(passage.least(before: block), block, bound)
  }

  /// What has to be live if `first` comes before `second`, if that exceeds the bound.
  private mutating func obstacle(to first: Int, before second: Int, _ bound: Int) -> Int? {
    func contains(_ set: [UInt64], _ block: Int) -> Bool { set[block >> 6] >> UInt64(block & 63) & 1 != 0 }
    if !hasWitness(second, bound, { contains($0, first) }),
      let found = note(passage.least(before: second, including: first), second, bound)
    {
      return found
    }
    if !hasWitness(first, bound, { !contains($0, second) }),
      let found = note(passage.least(before: first, excluding: second), first, bound)
    {
      return found
    }
    return nil
  }

  private mutating func note(_ found: (bytes: Int, set: [UInt64]), _ block: Int, _ bound: Int) -> Int? {
    if found.bytes > bound { return found.bytes }
    if witnesses[block].count == maximumWitnesses { witnesses[block].removeFirst() }
    witnesses[block].append(found)
    return nil
  }

  /// Whether a known set that the order allows shows that a block can run within the bound.
  private func hasWitness(_ block: Int, _ bound: Int, _ isMeant: ([UInt64]) -> Bool) -> Bool {
    witnesses[block].contains { bytes, set in
      bytes <= bound && isMeant(set) && isPossible(set, before: block)
    }
  }

  /// Whether `set` can have run before `block` in the order as it is known now.
  private func isPossible(_ set: [UInt64], before block: Int) -> Bool {
    func isPart(_ row: ArraySlice<UInt64>) -> Bool { zip(row, set).allSatisfy { $0 & ~$1 == 0 } }
    guard isPart(passage.order.rowBefore(block)),
      zip(passage.order.rowAfter(block), set).allSatisfy({ $0 & $1 == 0 })
    else { return false }
    for (position, word) in set.enumerated() {
      var rest = word
      while rest != 0 {
        if !isPart(passage.order.rowBefore(position << 6 + rest.trailingZeroBitCount)) { return false }
        rest &= rest - 1
      }
    }
    return true
  }
}
