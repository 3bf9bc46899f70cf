import ComputationGraph

/// The best order known of each piece of a fused graph.
struct PiecewisePlan {
  let pieces: [SchedulingPiece]
  /// The blocks of each piece, as positions in its anchors, in the best order known.
  private(set) var sequences: [[Int]]
  /// The peak of each piece in that order.
  private(set) var peaks: [Int]
  private let graph: FusedGraph
  private let problem: MemoryProblem
  /// The piece of each anchor and its position there.
  private var place: [Int: (piece: Int, position: Int)] = [:]

  init(_ fusion: GraphFusion, _ problem: MemoryProblem) {
    graph = fusion.graph
    self.problem = problem
    pieces = SchedulingPiece.pieces(of: graph)
    sequences = pieces.map { Array($0.anchors.indices) }
    peaks = [Int](repeating: .max, count: pieces.count)
    for (index, piece) in pieces.enumerated() {
      for (position, anchor) in piece.anchors.enumerated() { place[anchor] = (index, position) }
    }
  }

  /// The highest peak.
  var peakBytes: Int { peaks.max() ?? 0 }

  /// All operators in the best order known.
  var order: [OperatorID] { order(of: sequences) }

  private func order(of sequences: [[Int]]) -> [OperatorID] {
    graph.operators(
      of: zip(pieces, sequences).flatMap { piece, sequence in sequence.map { piece.anchors[$0] } })
  }

  /// Takes over what is better in a valid order of the operators in which blocks stay together.
  mutating func consider(_ order: [OperatorID]) throws(SchedulingError) {
    var candidate = [[Int]](repeating: [], count: pieces.count)
    for id in order where !graph.members[id.index].isEmpty {
      let (piece, position) = place[id.index]!
      candidate[piece].append(position)
    }
    let found = try peaks(of: candidate)
    for index in pieces.indices where found[index] < peaks[index] {
      (sequences[index], peaks[index]) = (candidate[index], found[index])
    }
  }

  /// Takes over an order of one piece if it is better.
  mutating func consider(_ sequence: [Int], for index: Int) throws(SchedulingError) {
    var candidate = sequences
    candidate[index] = sequence
    let found = try peaks(of: candidate)[index]
    if found < peaks[index] { (sequences[index], peaks[index]) = (sequence, found) }
  }

  /// The peak of each piece, from the exact profile of the whole order.
  private func peaks(of sequences: [[Int]]) throws(SchedulingError) -> [Int] {
    let order = order(of: sequences)
    let liveBytes = try problem.evaluate(order).liveBytes
    var peaks = [Int](repeating: 0, count: pieces.count)
    for (id, bytes) in zip(order, liveBytes) {
      let index = place[graph.block[id.index]]!.piece
      peaks[index] = max(peaks[index], bytes)
    }
    return peaks
  }
}
