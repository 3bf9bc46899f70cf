/// Which part of a sequence of blocks leaves the least live, of all parts that can run first: a minimum cut over what
/// changes in between.
struct LeastPart {
  private let blocks: [Int]
  private var arcs: [(from: Int, to: Int, capacity: Int)] = []
  private var nodeCount: Int

  /// Node 0 stands for what has run, node 1 for what has not; block i of the sequence is node i + 2.
  ///
  /// - Parameters:
  ///   - blocks: the sequence, in an order in which it can run.
  ///   - isExecuted: the blocks that have run before.
  init(_ graph: FusedGraph, blocks: [Int], after isExecuted: (Int) -> Bool) {
    self.blocks = blocks
    nodeCount = blocks.count + 2
    let problem = graph.problem
    var nodes: [Int: Int] = [:]
    for (index, block) in blocks.enumerated() { nodes[block] = index + 2 }
    var storages: Set<Int> = []
    for block in blocks {
      for before in graph.predecessors(of: block) {
        if let node = nodes[before] { arcs.append((nodes[block]!, node, MaximumFlow.infinite)) }
      }
      for member in graph.members[block] {
        storages.formUnion(problem.inputStorages[member])
        storages.formUnion(problem.outputStorages[member])
      }
    }
    for index in storages.sorted() {
      let storage = problem.storages[index]
      let producer = storage.producer.map { graph.block[$0.index] }
      let origin = producer.flatMap { nodes[$0] } ?? 0
      var readers: Set<Int> = []
      var isHeld = storage.isKept
      for reader in storage.readers {
        let block = graph.block[reader.index]
        if let node = nodes[block] {
          readers.insert(node)
        } else if !isExecuted(block) {
          isHeld = true
        }
      }
      if isHeld {
        if origin > 0 { arcs.append((origin, 1, storage.bytes)) }
      } else {
        // What only its own producer reads is gone when the block ends.
        readers.remove(origin)
        if readers.isEmpty { continue }
        arcs.append((origin, nodeCount, storage.bytes))
        for reader in readers.sorted() { arcs.append((nodeCount, reader, MaximumFlow.infinite)) }
        nodeCount += 1
      }
    }
  }

  /// The largest part that leaves the least live.
  func largest() -> Set<Int> {
    var network = MaximumFlow(nodeCount: nodeCount)
    for arc in arcs { network.addArc(from: arc.from, to: arc.to, capacity: arc.capacity) }
    _ = network.maximize(from: 0, to: 1)
    let side = network.largestSourceSide(sink: 1)
    return Set(blocks.indices.filter { side[$0 + 2] }.map { blocks[$0] })
  }

  /// The smallest part that leaves the least live: the rest is the largest in the network with its arcs turned round.
  func smallest() -> Set<Int> {
    var network = MaximumFlow(nodeCount: nodeCount)
    for arc in arcs { network.addArc(from: arc.to, to: arc.from, capacity: arc.capacity) }
    _ = network.maximize(from: 1, to: 0)
    let rest = network.largestSourceSide(sink: 0)
    return Set(blocks.indices.filter { !rest[$0 + 2] }.map { blocks[$0] })
  }
}
