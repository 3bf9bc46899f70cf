import ComputationGraph

/// A part of a fused graph between two blocks that come before or after every other one, as a problem of its own.
///
/// Every order runs the blocks before such an *hourglass* first and those behind it afterwards, so that the best order
/// of the graph is made of best orders of its pieces, and its peak is the highest of theirs. A piece counts the
/// storages that cross it.
struct SchedulingPiece {
  /// Storages that the same block of the piece writes and the same ones read.
  struct Storage: Hashable {
    /// The block that writes them, nil if they exist before the piece.
    var producer: Int?
    /// The blocks of the piece that read them, ascending.
    var readers: [Int]
    /// Whether something else needs them when the piece is over.
    var outlives: Bool
  }

  /// Bytes that a block saves at one of its moments if one of some storages has no other reader left to come.
  struct Saving: Hashable {
    var bytes: Int
    /// The storages, ascending: one that the block has freed by then, or those one of which it overwrites.
    var storages: [Int]
  }

  /// One operator of a block at work, as far as the block's own storages are concerned.
  struct Moment: Hashable {
    /// Bytes of the storages that the block reads or writes, and workspace, if nothing is saved.
    var bytes: Int
    var savings: [Saving]
  }

  /// Anchors of the blocks, in an order in which they can run; below, blocks are positions in this array.
  let anchors: [Int]
  /// Which block has to come before which.
  let order: PartialOrder
  let storages: [Storage]
  /// Bytes by storage.
  let bytes: [Int]
  /// Bytes that are live all the time: what was there before and is needed afterwards.
  let alwaysBytes: Int
  /// The storages that a block neither reads nor writes, by block.
  let foreign: [[Int]]
  /// The moments of each block that can be its highest.
  let moments: [[Moment]]
  /// Bytes of unused graph inputs, live during the first operator of the piece's first block.
  let firstStepBytes: Int
  /// Bytes while the first operator of a block that can come first runs first.
  let firstBytes: [Int: Int]

  /// Cuts a fused graph at its hourglasses.
  static func pieces(of graph: FusedGraph) -> [SchedulingPiece] {
    let anchors = graph.blocks(inOrderOf: graph.problem.graph.kahnOrder())
    var isAnchor = [UInt64](repeating: 0, count: graph.order.wordCount)
    for anchor in anchors { isAnchor[anchor >> 6] |= 1 << UInt64(anchor & 63) }
    func count(_ row: ArraySlice<UInt64>) -> Int {
      zip(row, isAnchor).reduce(0) { $0 + ($1.0 & $1.1).nonzeroBitCount }
    }
    // A block with k blocks before it and n − 1 − k after it is an hourglass; piece by piece, k rises.
    var starts: [Int] = []
    var rank: [Int: Int] = [:]
    for anchor in anchors {
      let before = count(graph.order.rowBefore(anchor))
      rank[anchor] = before
      if before + count(graph.order.rowAfter(anchor)) == anchors.count - 1 { starts.append(before) }
    }
    starts.sort()
    if starts.first != 0 { starts.insert(0, at: 0) }
    // A block belongs to the last hourglass that it is not before: an hourglass with k blocks before it comes before
    // exactly the blocks with more than k before them.
    var pieces = [[Int]](repeating: [], count: starts.count)
    for anchor in anchors {
      let index = starts.lastIndex { $0 <= rank[anchor]! }!
      pieces[index].append(anchor)
    }
    pieces.removeAll(where: \.isEmpty)
    var place = [Int](repeating: 0, count: graph.block.count)
    for (index, piece) in pieces.enumerated() { for anchor in piece { place[anchor] = index } }
    return pieces.indices.map { SchedulingPiece(graph, pieces[$0], index: $0, place: place) }
  }

  /// - Parameter place: the index of the piece that each anchor is in.
  private init(_ graph: FusedGraph, _ anchors: [Int], index: Int, place: [Int]) {
    self.anchors = anchors
    let problem = graph.problem
    var position: [Int: Int] = [:]
    for (local, anchor) in anchors.enumerated() { position[anchor] = local }
    order = PartialOrder(
      predecessors: anchors.map { graph.predecessors(of: $0).compactMap { position[$0] } })
    let storageTable = StorageGroups(graph, position: position, index: index, place: place)
    storages = storageTable.groups
    bytes = storageTable.bytes
    alwaysBytes = storageTable.alwaysBytes
    foreign = anchors.indices.map { block in
      storageTable.groups.indices.filter {
        storageTable.groups[$0].producer != block && !storageTable.groups[$0].readers.contains(block)
      }
    }
    let order = order
    let profiler = MomentProfiler(graph: graph, groups: storageTable, order: order)
    moments = anchors.indices.map { profiler.moments(of: $0, anchor: anchors[$0]) }
    firstStepBytes = index == 0 ? problem.unusedInputBytes : 0
    var firstBytes: [Int: Int] = [:]
    if firstStepBytes > 0 {
      let state = LiveState(problem)
      for (local, anchor) in anchors.enumerated() where order.rowBefore(local).allSatisfy({ $0 == 0 }) {
        var first = state
        firstBytes[local] = first.run(OperatorID(graph.members[anchor][0]))
      }
    }
    self.firstBytes = firstBytes
  }

  /// Whether a storage has no other reader left to come when `block`, which reads it, runs; nil if that depends on the
  /// order.
  func isLastReader(_ block: Int, of storage: Int, in order: PartialOrder) -> Bool? {
    if storages[storage].outlives { return false }
    var isSure = true
    for reader in storages[storage].readers where reader != block && !order.precedes(reader, block) {
      if order.precedes(block, reader) { return false }
      isSure = false
    }
    return isSure ? true : nil
  }
}
