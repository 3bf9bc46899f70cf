/// The integer program for the order of a piece's blocks.
///
/// For two blocks that either may come first, one variable x(u, v) says that u comes before v. For every triple, the
/// order is transitive. Then, for each block v and each of its moments,
///
///     P ≥ own bytes(v) + Σ bytes(t) · live(t, v) − Σ savings(v) · gone(t, v)
///     live(t, v) ≥ x(producer of t, v) − x(r, v)    for each reader r of t
///     gone(t, v) ≤ x(r, v)                          for each reader r of t but v
///
/// and P is minimised. These are the forced passages of all blocks at once, tied together by one order: without the
/// rows of triples the relaxation is the bound of ``PiecePassage``, which a program with variables for the step at
/// which each block runs is far from. Variables pruned by the topology: what the order between two blocks
/// decides is a constant, and so is a storage that is live, or not, at a block whatever the order. Bytes are divided by
/// their greatest common divisor, and P is counted from the lowest value of interest, so that numbers stay small.
struct OrderingProgram {
  /// What a column stands for.
  private enum Meaning {
    case peak
    case precedence(Int, Int)
    case live(storage: Int, block: Int)
    case gone(storage: Int, block: Int)
    case anyGone([Int], block: Int)
    case first(Int)
  }

  /// A constant plus columns times coefficients.
  private struct Expression {
    var constant = 0
    var terms: [(column: Int, coefficient: Int)] = []

    mutating func add(_ other: Expression, times factor: Int) {
      constant += other.constant * factor
      terms += other.terms.map { ($0.column, $0.coefficient * factor) }
    }
  }

  /// Bytes of one unit of P.
  let unitBytes: Int
  /// Units that P stands for when its column is 0.
  let baseUnits: Int
  private(set) var columnLower: [Double] = []
  private(set) var columnUpper: [Double] = []
  private(set) var isInteger: [Int32] = []
  private(set) var rowLower: [Double] = []
  private(set) var rowUpper: [Double] = []
  private(set) var rowStart: [Int32] = [0]
  private(set) var columns: [Int32] = []
  private(set) var coefficients: [Double] = []
  private let piece: SchedulingPiece
  private let order: PartialOrder
  private var meanings: [Meaning] = []
  private var precedences: [Int: Int] = [:]

  /// Builds the program.
  ///
  /// - Parameters:
  ///   - passage: the order as far as it is known.
  ///   - lower: no order of interest needs less.
  ///   - upper: the most bytes of interest.
  init(_ piece: SchedulingPiece, _ passage: PiecePassage, lower: Int, upper: Int) {
    self.piece = piece
    order = passage.order
    unitBytes = Self.unit(of: piece)
    // Rounded down: a peak that lies below `lower` is as good as one that meets it, and must fit.
    baseUnits = lower / unitBytes
    let peak = addColumn(.peak, isInteger: true)
    columnUpper[peak] = Double(upper / unitBytes - baseUnits)
    let count = piece.anchors.count
    for first in 0..<count {
      for second in first + 1..<count where order.areFree(first, second) {
        precedences[first * count + second] = addColumn(.precedence(first, second), isInteger: true)
      }
    }
    addTransitivity(passage)
    for block in 0..<count { addPeaks(of: block, peak: peak) }
    addFirstSteps(peak: peak)
  }

  /// How many integer variables the program of a piece would have, and at most how many rows for triples.
  static func size(of piece: SchedulingPiece, _ order: PartialOrder) -> (integers: Int, triples: Int) {
    let free = piece.anchors.indices.map { first in
      piece.anchors.indices.reduce(0) { order.areFree(first, $1) ? $0 + 1 : $0 }
    }
    return (free.reduce(0, +) / 2 + 1, free.reduce(0) { $0 + $1 * ($1 - 1) / 2 } / 3)
  }

  /// The greatest number that divides all bytes.
  private static func unit(of piece: SchedulingPiece) -> Int {
    var divisor = piece.alwaysBytes
    func include(_ bytes: Int) {
      var (a, b) = (divisor, bytes)
      while b != 0 { (a, b) = (b, a % b) }
      divisor = abs(a)
    }
    for bytes in piece.bytes { include(bytes) }
    for bytes in piece.firstBytes.values { include(bytes) }
    for moment in piece.moments.joined() {
      include(moment.bytes)
      for saving in moment.savings { include(saving.bytes) }
    }
    return max(divisor, 1)
  }

  // MARK: Columns and rows

  private mutating func addColumn(_ meaning: Meaning, isInteger integer: Bool = false) -> Int {
    meanings.append(meaning)
    columnLower.append(0)
    columnUpper.append(1)
    isInteger.append(integer ? 1 : 0)
    return meanings.count - 1
  }

  /// Adds the row `lower ≤ expression ≤ upper`.
  private mutating func addRow(_ expression: Expression, from lower: Int, to upper: Int? = nil) {
    var sums: [Int: Int] = [:]
    for term in expression.terms { sums[term.column, default: 0] += term.coefficient }
    for (column, coefficient) in sums.sorted(by: { $0.key < $1.key }) where coefficient != 0 {
      columns.append(Int32(column))
      coefficients.append(Double(coefficient))
    }
    rowStart.append(Int32(columns.count))
    rowLower.append(Double(lower - expression.constant))
    rowUpper.append(upper.map { Double($0 - expression.constant) } ?? .infinity)
  }

  /// Whether `first` comes before `second`.
  private func before(_ first: Int, _ second: Int) -> Expression {
    if order.precedes(first, second) { return Expression(constant: 1) }
    if first == second || order.precedes(second, first) { return Expression() }
    let count = piece.anchors.count
    if first < second { return Expression(terms: [(precedences[first * count + second]!, 1)]) }
    return Expression(constant: 1, terms: [(precedences[second * count + first]!, -1)])
  }

  /// Two blocks in a given order both before or after a third; three free ones not in a circle.
  private mutating func addTransitivity(_ passage: PiecePassage) {
    let count = piece.anchors.count
    for second in 0..<count {
      for first in passage.covers[second] {
        for third in 0..<count where order.areFree(first, third) && order.areFree(second, third) {
          var row = before(third, second)
          row.add(before(third, first), times: -1)
          addRow(row, from: 0)
        }
      }
    }
    for first in 0..<count {
      for second in first + 1..<count where order.areFree(first, second) {
        for third in second + 1..<count where order.areFree(first, third) && order.areFree(second, third) {
          var row = before(first, second)
          row.add(before(second, third), times: 1)
          row.add(before(third, first), times: 1)
          addRow(row, from: 1, to: 2)
        }
      }
    }
  }

  private mutating func addPeaks(of block: Int, peak: Int) {
    var shared = Expression(constant: baseUnits - piece.alwaysBytes / unitBytes, terms: [(peak, 1)])
    for storage in piece.foreign[block] where piece.bytes[storage] > 0 {
      shared.add(live(storage, at: block), times: -(piece.bytes[storage] / unitBytes))
    }
    var gone: [[Int]: Expression] = [:]
    for moment in piece.moments[block] {
      var row = shared
      row.constant -= moment.bytes / unitBytes
      for saving in moment.savings {
        let saved = gone[saving.storages] ?? isGone(saving.storages, at: block)
        gone[saving.storages] = saved
        row.add(saved, times: saving.bytes / unitBytes)
      }
      addRow(row, from: 0)
    }
  }

  /// Whether a storage that the block neither reads nor writes is live while it runs.
  private mutating func live(_ index: Int, at block: Int) -> Expression {
    let storage = piece.storages[index]
    let exists = storage.producer.map { before($0, block) } ?? Expression(constant: 1)
    if exists.terms.isEmpty, exists.constant == 0 { return exists }
    let readers = storage.readers.filter { $0 != storage.producer && !order.precedes($0, block) }
    if storage.outlives || readers.contains(where: { order.precedes(block, $0) }) { return exists }
    if readers.isEmpty { return Expression() }
    if readers.count == 1, exists.terms.isEmpty { return before(block, readers[0]) }
    let column = addColumn(.live(storage: index, block: block))
    for reader in readers {
      var row = Expression(terms: [(column, 1)])
      row.add(exists, times: -1)
      row.add(before(reader, block), times: 1)
      addRow(row, from: 0)
    }
    return Expression(terms: [(column, 1)])
  }

  /// Whether one of the storages, which the block reads, has no other reader left to come when it runs.
  private mutating func isGone(_ storages: [Int], at block: Int) -> Expression {
    if storages.count == 1 { return isGone(storages[0], at: block) }
    let each = storages.map { isGone($0, at: block) }
    if each.contains(where: { $0.terms.isEmpty && $0.constant == 1 }) { return Expression(constant: 1) }
    let column = addColumn(.anyGone(storages, block: block))
    var row = Expression(terms: [(column, -1)])
    for one in each { row.add(one, times: 1) }
    addRow(row, from: 0)
    return Expression(terms: [(column, 1)])
  }

  private mutating func isGone(_ storage: Int, at block: Int) -> Expression {
    if let isLast = piece.isLastReader(block, of: storage, in: order) {
      return Expression(constant: isLast ? 1 : 0)
    }
    let readers = piece.storages[storage].readers.filter { $0 != block && !order.precedes($0, block) }
    if readers.count == 1 { return before(readers[0], block) }
    let column = addColumn(.gone(storage: storage, block: block))
    for reader in readers {
      var row = before(reader, block)
      row.add(Expression(terms: [(column, 1)]), times: -1)
      addRow(row, from: 0)
    }
    return Expression(terms: [(column, 1)])
  }

  /// Unused graph inputs count while the very first operator runs.
  private mutating func addFirstSteps(peak: Int) {
    for (block, bytes) in piece.firstBytes.sorted(by: { $0.key < $1.key })
    where order.rowBefore(block).allSatisfy({ $0 == 0 }) {
      let column = addColumn(.first(block))
      var isFirst = Expression(constant: -1, terms: [(column, 1)])
      for other in piece.anchors.indices where other != block { isFirst.add(before(other, block), times: 1) }
      addRow(isFirst, from: 0)
      addRow(
        Expression(constant: baseUnits, terms: [(peak, 1), (column, -(bytes / unitBytes))]), from: 0)
    }
  }

  // MARK: Orders and solutions

  /// The values of all columns for an order of the blocks with its peak.
  func values(for sequence: [Int], peakBytes: Int) -> [Double] {
    var position = [Int](repeating: 0, count: sequence.count)
    for (step, block) in sequence.enumerated() { position[block] = step }
    func isGone(_ storage: Int, _ block: Int) -> Bool {
      !piece.storages[storage].outlives
        && piece.storages[storage].readers.allSatisfy { position[$0] <= position[block] }
    }
    return meanings.map { meaning in
      switch meaning {
      case .peak: return Double(peakBytes / unitBytes - baseUnits)
      case .precedence(let first, let second): return position[first] < position[second] ? 1 : 0
      case .live(let storage, let block):
        let exists = piece.storages[storage].producer.map { position[$0] < position[block] } ?? true
        return exists && !isGone(storage, block) ? 1 : 0
      case .gone(let storage, let block): return isGone(storage, block) ? 1 : 0
      case .anyGone(let storages, let block): return storages.contains { isGone($0, block) } ? 1 : 0
      case .first(let block): return position[block] == 0 ? 1 : 0
      }
    }
  }

  /// The order of the blocks that a solution describes: by how many come before, rounding errors mended.
  func sequence(from values: [Double]) -> [Int] {
    let count = piece.anchors.count
    let ranks = (0..<count).map { block in
      (0..<count).reduce(0.0) { sum, other in
        let isBefore = before(other, block)
        return isBefore.terms.reduce(sum + Double(isBefore.constant)) {
          $0 + Double($1.coefficient) * values[$1.column].rounded()
        }
      }
    }
    var left = Array(0..<count)
    var sequence: [Int] = []
    while !left.isEmpty {
      let ready = left.indices.filter { index in !left.contains { order.precedes($0, left[index]) } }
      let next = ready.min { (ranks[left[$0]], left[$0]) < (ranks[left[$1]], left[$1]) }!
      sequence.append(left.remove(at: next))
    }
    return sequence
  }
}
