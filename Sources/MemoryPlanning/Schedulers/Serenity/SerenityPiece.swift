import ComputationGraph

/// A run of operators between two hourglasses with all that the memory of its steps depends on, in flat arrays.
///
/// What was executed before the piece is the same in every order, and so is what comes after it. A storage that is
/// kept or has a reader beyond the piece cannot die in it; of one that can, only the readers inside count. Operators
/// are numbered from 0 in the piece, in Kahn's order.
final class SerenityPiece {
  /// The operators by number.
  let operators: [OperatorID]
  /// Bytes live before the piece, without graph inputs that nobody reads.
  let entryBytes: Int
  /// Bytes of such inputs, for the graph's first piece: live during the first step only.
  let firstStepBytes: Int
  let predecessors: CompressedRows
  let successors: CompressedRows
  /// By operator: bytes that it needs besides what is live before it, less what it can overwrite in any case.
  let runningBytes: GrowingBuffer<Int>
  /// By operator: change of the live bytes, without ``sharedInputs``.
  let changeBytes: GrowingBuffer<Int>
  /// By operator: the storages that it may overwrite if it is the last of several readers, none if it can overwrite
  /// another one in any case.
  let sharedOverwritable: CompressedRows
  /// By operator: the storages with several readers in the piece that die in it and that it reads.
  let sharedInputs: CompressedRows
  /// By storage of those: its bytes and its readers in the piece.
  let sharedBytes: GrowingBuffer<Int>
  let sharedReaders: CompressedRows
  /// By operator: the highest number among the successors of it and of all before it, at least its own.
  let reach: [Int]
  /// By operator: a random word; a set's hash is the exclusive or of its members'.
  let keys: GrowingBuffer<UInt64>

  /// The number of operators.
  var count: Int { operators.count }

  fileprivate init(_ operators: ArraySlice<OperatorID>, entryBytes: Int, maker: PieceMaker) {
    let problem = maker.problem
    let first = operators.startIndex
    self.operators = Array(operators)
    firstStepBytes = first == 0 ? problem.unusedInputBytes : 0
    self.entryBytes = entryBytes - firstStepBytes
    let position = maker.position
    func inside(_ ids: [OperatorID]) -> [Int] {
      ids.compactMap { operators.indices.contains(position[$0.index]) ? position[$0.index] - first : nil }
    }
    predecessors = CompressedRows(operators.map { inside(problem.graph.predecessors[$0.index]) })
    let successors = operators.map { inside(problem.graph.successors[$0.index]) }
    self.successors = CompressedRows(successors)
    var reach: [Int] = []
    for (index, row) in successors.enumerated() { reach.append(row.reduce(max(index, reach.last ?? 0), max)) }
    self.reach = reach

    runningBytes = GrowingBuffer(capacity: operators.count)
    changeBytes = GrowingBuffer(capacity: operators.count)
    keys = GrowingBuffer(capacity: operators.count)
    sharedBytes = GrowingBuffer()
    var shared: [Int: Int] = [:]
    var readersOfShared: [[Int]] = []
    var inputs: [[Int]] = []
    var overwritable: [[Int]] = []
    for (number, id) in operators.enumerated() {
      var row: [Int] = []
      var change = problem.outputStorages[id.index].reduce(0) {
        let storage = problem.storages[$1]
        return storage.readers.isEmpty && !storage.isKept ? $0 : $0 + storage.bytes
      }
      var alone: Set<Int> = []
      for storage in problem.inputStorages[id.index] where maker.lastUse[storage] < operators.endIndex {
        let bytes = problem.storages[storage].bytes
        if let known = shared[storage] {
          row.append(known)
          continue
        }
        let readers = inside(problem.storages[storage].readers)
        if readers.count == 1 {
          change -= bytes
          alone.insert(storage)
        } else {
          shared[storage] = readersOfShared.count
          row.append(readersOfShared.count)
          readersOfShared.append(readers)
          sharedBytes.append(bytes)
        }
      }
      let candidates = problem.overwritableStorages[id.index]
      var running = problem.outputBytes[id.index] + problem.workspaceBytes[id.index]
      if let certain = candidates.first(where: alone.contains) {
        running -= problem.storages[certain].bytes
        overwritable.append([])
      } else {
        overwritable.append(candidates.compactMap { shared[$0] })
      }
      inputs.append(row)
      runningBytes.append(running)
      changeBytes.append(change)
      keys.append(Self.key(number))
    }
    sharedInputs = CompressedRows(inputs)
    sharedOverwritable = CompressedRows(overwritable)
    sharedReaders = CompressedRows(readersOfShared)
  }

  /// SplitMix64 of a number.
  private static func key(_ number: Int) -> UInt64 {
    var z = (UInt64(number) &+ 1) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// All pieces of a problem in their order; one piece if `ends` has only the graph's end.
  static func pieces(of problem: MemoryProblem, kahnOrder: [OperatorID], ends: [Int]) -> [SerenityPiece] {
    let maker = PieceMaker(problem, kahnOrder)
    var state = LiveState(problem)
    var pieces: [SerenityPiece] = []
    var start = 0
    for end in ends {
      let operators = kahnOrder[start...end]
      pieces.append(SerenityPiece(operators, entryBytes: state.liveBytes, maker: maker))
      for id in operators { _ = state.run(id) }
      start = end + 1
    }
    return pieces
  }
}

/// What all pieces of a problem share while they are made.
private struct PieceMaker {
  let problem: MemoryProblem
  /// The place of every operator in Kahn's order.
  let position: [Int]
  /// The last place at which every storage is read; never for what is kept.
  let lastUse: [Int]

  init(_ problem: MemoryProblem, _ order: [OperatorID]) {
    self.problem = problem
    var position = [Int](repeating: 0, count: order.count)
    for (step, id) in order.enumerated() { position[id.index] = step }
    self.position = position
    lastUse = problem.storages.map { storage in
      storage.isKept ? .max : storage.readers.reduce(-1) { max($0, position[$1.index]) }
    }
  }
}
