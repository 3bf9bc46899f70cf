import ComputationGraph

/// What needs a place of its own in the arena, and when: storages joined with those that overwrite them, and
/// workspaces; and which of them keep their places relative to each other.
struct BufferLifetimes {
  /// A rectangle of bytes and steps to be placed.
  struct Block: Hashable {
    let bytes: Int
    let firstStep: Int
    var lastStep: Int
  }

  /// Blocks that are placed as one: the branches of elided Concats, or a single block.
  struct Item: Hashable {
    /// A block and its distance from the item's offset.
    struct Part: Hashable {
      let block: Int
      let offset: Int
    }

    /// By offset, one behind the other without gaps; the first lies at 0.
    let parts: [Part]
  }

  /// All blocks; offsets are assigned by their index.
  private(set) var blocks: [Block] = []
  /// What is placed: every block that has bytes is part of one item.
  private(set) var items: [Item] = []
  /// The block of each storage.
  private(set) var blockOfStorage: [Int]
  /// The storage at the root of each storage's block.
  private(set) var rootOfStorage: [Int]
  /// The block of each operator's workspace, nil where it has none.
  private(set) var blockOfWorkspace: [Int?]
  /// The step of each operator.
  let stepOfOperator: [Int]

  /// Follows `order`, which must be valid, and applies the in-place rule step by step.
  init(_ problem: MemoryProblem, order: [OperatorID]) {
    var steps = [Int](repeating: 0, count: order.count)
    for (step, id) in order.enumerated() { steps[id.index] = step }
    stepOfOperator = steps
    blockOfStorage = [Int](repeating: -1, count: problem.storages.count)
    rootOfStorage = Array(problem.storages.indices)
    blockOfWorkspace = [Int?](repeating: nil, count: order.count)
    let lastStep = max(order.count - 1, 0)

    func death(_ storage: MemoryProblem.Storage, born: Int) -> Int {
      storage.isKept ? lastStep : storage.readers.reduce(born) { max($0, steps[$1.index]) }
    }
    for (index, storage) in problem.storages.enumerated() where storage.producer == nil {
      blockOfStorage[index] = blocks.count
      blocks.append(Block(bytes: storage.bytes, firstStep: 0, lastStep: death(storage, born: 0)))
    }
    var state = LiveState(problem)
    for (step, id) in order.enumerated() {
      let host = state.overwritten(by: id)
      for (position, index) in problem.outputStorages[id.index].enumerated() {
        let storage = problem.storages[index]
        if position == 0, let host {
          blockOfStorage[index] = blockOfStorage[host]
          rootOfStorage[index] = rootOfStorage[host]
          blocks[blockOfStorage[host]].lastStep = death(storage, born: step)
        } else {
          blockOfStorage[index] = blocks.count
          blocks.append(Block(bytes: storage.bytes, firstStep: step, lastStep: death(storage, born: step)))
        }
      }
      if problem.workspaceBytes[id.index] > 0 {
        blockOfWorkspace[id.index] = blocks.count
        blocks.append(Block(bytes: problem.workspaceBytes[id.index], firstStep: step, lastStep: step))
      }
      _ = state.run(id)
    }
    collectItems(problem)
  }

  /// A storage that an elided Concat ties to others is never overwritten, so a block holds one of them at most.
  private mutating func collectItems(_ problem: MemoryProblem) {
    var isTied = [Bool](repeating: false, count: blocks.count)
    for group in problem.rigidGroups {
      items.append(
        Item(parts: group.parts.map { Item.Part(block: blockOfStorage[$0.storage], offset: $0.offset) }))
      for part in group.parts { isTied[blockOfStorage[part.storage]] = true }
    }
    for index in blocks.indices where blocks[index].bytes > 0 && !isTied[index] {
      items.append(Item(parts: [Item.Part(block: index, offset: 0)]))
    }
  }

  /// The plan that puts item i where `solution` has it.
  func plan(
    _ problem: MemoryProblem, order: [OperatorID], solution: LayoutSolution, alignment: Int,
    sizes: (unpadded: Int, livePeak: Int)
  ) -> ArenaPlan {
    var offsets = [Int](repeating: 0, count: blocks.count)
    for (item, offset) in zip(items, solution.placement.offsets) {
      for part in item.parts { offsets[part.block] = offset + part.offset }
    }
    let graph = problem.graph
    let lastStep = max(order.count - 1, 0)
    let isOutput = Set(graph.outputs)
    func buffer(_ tensor: TensorID, step: Int) -> ArenaBuffer? {
      let storages = problem.storageIndices[tensor.index]
      guard let index = storages.first else { return nil }
      let root = rootOfStorage[index]
      let isBase = storages.count == 1 && problem.storages[index].base == tensor
      let block = blocks[blockOfStorage[index]]
      let kind: ArenaBuffer.Kind = !isBase ? .view : root == index ? .tensor : .inplace
      let lastRead = graph.readers[tensor.index].reduce(step) { max($0, stepOfOperator[$1.index]) }
      return ArenaBuffer(
        name: graph[tensor].name, kind: kind, storage: graph[problem.storages[root].base].name,
        bytes: graph[tensor].byteCount, offset: offsets[blockOfStorage[index]], firstStep: step,
        lastStep: kind == .tensor ? block.lastStep : isOutput.contains(tensor) ? lastStep : lastRead)
    }
    var seen: Set<TensorID> = []
    var buffers = graph.inputs.filter { seen.insert($0).inserted }.compactMap { buffer($0, step: 0) }
    for (step, id) in order.enumerated() {
      buffers += graph[id].outputs.compactMap { buffer($0, step: step) }
      if let block = blockOfWorkspace[id.index] {
        buffers.append(
          ArenaBuffer(
            name: "\(graph[id].name).workspace", kind: .workspace, storage: graph[id].name,
            bytes: blocks[block].bytes, offset: offsets[block], firstStep: step, lastStep: step))
      }
    }
    return ArenaPlan(
      alignment: alignment, arenaBytes: solution.placement.end.roundedUp(to: alignment),
      unpaddedArenaBytes: sizes.unpadded, buffers: buffers, livePeakBytes: sizes.livePeak,
      isMinimal: solution.isMinimal)
  }
}
