/// The best order known for one piece and what is proved about it, improved by adaptive soft budgeting.
struct PieceSchedule {
  let piece: SerenityPiece
  /// The piece's operator numbers in the best order known.
  private(set) var order: [Int32]
  /// Its peak in the graph.
  private(set) var peakBytes: Int
  /// No order of the piece has a lower peak.
  private(set) var lowerBytes = 0
  private let kahnPeakBytes: Int

  /// Whether the order is known to be the best.
  var isProved: Bool { lowerBytes == peakBytes }

  /// Starts from the better of two orders of which the first is Kahn's.
  init(_ piece: SerenityPiece, kahnPeakBytes: Int, other: (order: [Int32], peakBytes: Int)) {
    self.piece = piece
    self.kahnPeakBytes = kahnPeakBytes
    order = other.order
    peakBytes = other.peakBytes
    if kahnPeakBytes <= peakBytes {
      order = (0..<Int32(piece.count)).map { $0 }
      peakBytes = kahnPeakBytes
    }
    if piece.count == 1 { lowerBytes = peakBytes }
  }

  /// Tries budgets until one leads to an order, which is then the best, or until none is left to try or the
  /// limits run out.
  ///
  /// The first budget is the peak of Kahn's order. A search that is cut off halves the distance between the budget and
  /// what is proved (nothing at first), one that finds no order goes half-way back to the last that was cut off.
  /// Every round rules out half of the budgets at least, so there are at most 64, most often a few.
  mutating func tryBudgets(_ search: SignatureSearch, statesPerStep: Int, isFirst: Bool) {
    var cutOff = isFirst ? kahnPeakBytes + 1 : peakBytes
    var budget = isFirst ? kahnPeakBytes : lowerBytes + (cutOff - lowerBytes) / 2
    while lowerBytes < cutOff, !isProved {
      switch search.run(piece, budget: budget, floor: lowerBytes, statesPerStep: statesPerStep) {
      case .order(let found):
        accept(found)
        lowerBytes = peakBytes
      case .impossible(let leastBytes): lowerBytes = min(leastBytes, peakBytes)
      case .cutOff(let sameBytes): cutOff = sameBytes
      case .exhausted: return
      }
      budget = lowerBytes + (cutOff - lowerBytes) / 2
    }
  }

  /// Looks for an order without limits on the budget and the states per step.
  mutating func searchAll(_ search: SignatureSearch) {
    let outcome = search.run(piece, budget: .max, floor: 0, statesPerStep: .max)
    guard case .order(let found) = outcome else { return }
    accept(found)
    lowerBytes = peakBytes
  }

  /// Looks for a better order with the best `width` states of every step.
  mutating func searchNarrowly(_ search: SignatureSearch, width: Int) {
    if isProved { return }
    switch search.run(
      piece, budget: peakBytes - 1, floor: lowerBytes, statesPerStep: width, isNarrow: true)
    {
    case .order(let found): accept(found)
    case .impossible: lowerBytes = peakBytes
    case .cutOff, .exhausted: break
    }
  }

  private mutating func accept(_ found: [Int32]) {
    order = found
    peakBytes = piece.peakBytes(of: found)
  }
}
