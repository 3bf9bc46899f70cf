/// The storages of a piece by who writes and reads them.
struct StorageGroups {
  private(set) var groups: [SchedulingPiece.Storage] = []
  private(set) var bytes: [Int] = []
  private(set) var alwaysBytes = 0
  /// The group of each storage of the problem; nil for those that are always live, live inside one block only, or
  /// never live in the piece.
  private(set) var group: [Int?]
  /// Whether each storage of the problem is live throughout the piece.
  private(set) var isAlwaysLive: [Bool]

  init(_ graph: FusedGraph, position: [Int: Int], index: Int, place: [Int]) {
    let problem = graph.problem
    group = [Int?](repeating: nil, count: problem.storages.count)
    isAlwaysLive = [Bool](repeating: false, count: problem.storages.count)
    var numbers: [SchedulingPiece.Storage: Int] = [:]
    for (number, storage) in problem.storages.enumerated() {
      let producer = storage.producer.map { graph.block[$0.index] }
      if let producer, place[producer] > index { continue }
      var outlives = storage.isKept
      var readers: Set<Int> = []
      for reader in storage.readers {
        let block = graph.block[reader.index]
        if let local = position[block] { readers.insert(local) }
        if place[block] > index { outlives = true }
      }
      let local = producer.flatMap { position[$0] }
      if local == nil, outlives {
        alwaysBytes += storage.bytes
        isAlwaysLive[number] = true
        continue
      }
      if !outlives, readers.subtracting(local.map { [$0] } ?? []).isEmpty { continue }
      let key = SchedulingPiece.Storage(producer: local, readers: readers.sorted(), outlives: outlives)
      let next = numbers[key] ?? groups.count
      if next == groups.count {
        numbers[key] = next
        groups.append(key)
        bytes.append(0)
      }
      bytes[next] += storage.bytes
      group[number] = next
    }
  }
}
