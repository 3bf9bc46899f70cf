/// The least that is live while a block of a piece runs, over all sets of blocks that can have run before it: the
/// forced passage of ``MemoryBound``, for blocks and under an order that grows.
struct PiecePassage {
  private enum Place { case executed, open, ahead }

  let piece: SchedulingPiece
  /// The order that sets of executed blocks obey.
  private(set) var order: PartialOrder
  /// The blocks that come right before each block.
  private(set) var covers: [[Int]]

  init(_ piece: SchedulingPiece) {
    self.piece = piece
    order = piece.order
    covers = piece.anchors.indices.map { Self.covers(of: $0, in: piece.order) }
  }

  /// Demands that one block comes before another.
  mutating func add(_ first: Int, before second: Int) {
    order.add(first, before: second)
    covers = piece.anchors.indices.map { Self.covers(of: $0, in: order) }
  }

  private static func covers(of block: Int, in order: PartialOrder) -> [Int] {
    var distant = [UInt64](repeating: 0, count: order.wordCount)
    order.forEachBefore(block) { other in
      for (word, bits) in order.rowBefore(other).enumerated() { distant[word] |= bits }
    }
    var covers: [Int] = []
    order.forEachBefore(block) { if distant[$0 >> 6] >> UInt64($0 & 63) & 1 == 0 { covers.append($0) } }
    return covers
  }

  /// The least that is live at the block's worst moment, and a set that leaves it, as bits.
  ///
  /// - Parameters:
  ///   - included: a free block that has run.
  ///   - excluded: a free block that has not run.
  func least(before block: Int, including included: Int? = nil, excluding excluded: Int? = nil)
    -> (bytes: Int, set: [UInt64])
  {
    var places = [Place](repeating: .open, count: piece.anchors.count)
    for executed in [block, included] {
      if let executed { order.forEachBefore(executed) { places[$0] = .executed } }
    }
    if let included { places[included] = .executed }
    for ahead in [block, excluded] {
      guard let ahead else { continue }
      places[ahead] = .ahead
      order.forEachAfter(ahead) { places[$0] = .ahead }
    }
    var worst: (bytes: Int, set: [UInt64]) = (.min, [])
    for moment in piece.moments[block] {
      // Of several storages one of which is overwritten, each is tried in turn; all other savings name one storage.
      let choices = moment.savings.first { $0.storages.count > 1 }?.storages.count ?? 1
      var best: (bytes: Int, set: [UInt64]) = (.max, [])
      for choice in 0..<choices {
        let found = least(before: block, moment, choice: choice, places)
        if found.bytes < best.bytes { best = found }
      }
      if best.bytes > worst.bytes { worst = best }
    }
    return worst
  }

  private func least(before block: Int, _ moment: SchedulingPiece.Moment, choice: Int, _ places: [Place])
    -> (bytes: Int, set: [UInt64])
  {
    let (source, sink) = (places.count, places.count + 1)
    var network = MaximumFlow(nodeCount: places.count + 2)
    for index in places.indices where places[index] == .open {
      for before in covers[index] where places[before] == .open {
        network.addArc(from: index, to: before, capacity: MaximumFlow.infinite)
      }
    }
    var fixed = piece.alwaysBytes + moment.bytes
    for index in piece.foreign[block] {
      fixed += add(
        index, bytes: piece.bytes[index], producer: piece.storages[index].producer, block, places, &network)
    }
    for saving in moment.savings {
      let storage = saving.storages[saving.storages.count > 1 ? choice : 0]
      fixed += add(storage, bytes: saving.bytes, producer: nil, block, places, &network) - saving.bytes
    }
    let bytes = fixed + network.maximize(from: source, to: sink)
    let side = network.largestSourceSide(sink: sink)
    var set = [UInt64](repeating: 0, count: order.wordCount)
    for index in places.indices where places[index] == .executed || places[index] == .open && side[index] {
      set[index >> 6] |= 1 << UInt64(index & 63)
    }
    return (bytes, set)
  }

  /// Adds a storage to the network, live from its producer (nil: from the start) until all readers but `block` have
  /// run; returns what it costs in any case.
  private func add(
    _ index: Int, bytes: Int, producer: Int?, _ block: Int, _ places: [Place], _ network: inout MaximumFlow
  ) -> Int {
    let (source, sink) = (places.count, places.count + 1)
    let storage = piece.storages[index]
    let place = producer.map { places[$0] } ?? .executed
    if place == .ahead { return 0 }
    let readers = storage.readers.filter { $0 != block && $0 != producer && places[$0] != .executed }
    let isNeeded = storage.outlives || readers.contains { places[$0] == .ahead }
    if isNeeded {
      if place == .executed { return bytes }
      network.addArc(from: producer!, to: sink, capacity: bytes)
    } else if !readers.isEmpty {
      let node = network.addNode()
      network.addArc(from: place == .executed ? source : producer!, to: node, capacity: bytes)
      for reader in readers { network.addArc(from: node, to: reader, capacity: MaximumFlow.infinite) }
    }
    return 0
  }
}
