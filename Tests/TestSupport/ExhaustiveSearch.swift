import ComputationGraph

/// The lowest peak of any order, by trying all down-sets of at most 20 operators.
///
/// Written from the set definition of the model, apart from both ``PeakReferee`` and MemoryPlanning.
public struct ExhaustiveSearch {
  private struct Store {
    var bytes: Int
    var producer: UInt32
    var readers: UInt32 = 0
    var isKept = false
  }

  private var stores: [Store] = []
  private var before: [UInt32]
  private var added: [Int]
  private var victims: [[Int]]
  private let unusedInputs: Int

  /// Prepares the search; the flags and workspaces are those of the memory model, `elided` are Concats whose result
  /// is a view of its inputs.
  public init(
    graph: Graph, views: Bool = true, inPlace: Bool = true, workspaceBytes: [Int] = [],
    firstOperandOnly: Bool = false, elided: Set<OperatorID> = []
  ) {
    precondition(graph.operators.count <= 20, "too many operators for an exhaustive search")
    var storesOf = [[Int]](repeating: [], count: graph.tensors.count)
    var joined: Set<Int> = []
    before = graph.predecessors.map { $0.reduce(0) { $0 | 1 << UInt32($1.index) } }
    added = workspaceBytes.isEmpty ? [Int](repeating: 0, count: graph.operators.count) : workspaceBytes
    victims = [[Int]](repeating: [], count: graph.operators.count)
    for input in graph.inputs where graph[input].role == .activation && storesOf[input.index].isEmpty {
      storesOf[input.index] = [stores.count]
      stores.append(Store(bytes: graph[input].byteCount, producer: 0))
    }
    let viewTypes: Set<String> = ["Reshape", "Flatten", "Identity", "Squeeze", "Unsqueeze", "Dropout"]
    let order = graph.kahnOrder()
    for id in order {
      let node = graph[id]
      for (position, output) in node.outputs.enumerated() {
        if elided.contains(id) {
          storesOf[output.index] = node.inputs.flatMap { storesOf[$0.index] }
          joined.formUnion(storesOf[output.index])
        } else if position == 0, views, viewTypes.contains(node.kind.typeName),
          let source = node.inputs.first,
          !storesOf[source.index].isEmpty
        {
          storesOf[output.index] = storesOf[source.index]
        } else {
          storesOf[output.index] = [stores.count]
          stores.append(Store(bytes: graph[output].byteCount, producer: 1 << UInt32(id.index)))
          added[id.index] += graph[output].byteCount
        }
      }
      for store in node.inputs.flatMap({ storesOf[$0.index] }) {
        stores[store].readers |= 1 << UInt32(id.index)
      }
    }
    for store in graph.outputs.flatMap({ storesOf[$0.index] }) { stores[store].isKept = true }
    let elementWise: Set<String> = ["Relu", "Add", "Mul", "Sum"]
    for id in order where inPlace && elementWise.contains(graph[id].kind.typeName) {
      let output = graph[graph[id].outputs[0]]
      for input in graph.activationInputs(of: id) {
        guard graph[input].byteCount == output.byteCount, graph[input].elementType == output.elementType
        else { continue }
        let found = storesOf[input.index]
        if found.count == 1, stores[found[0]].bytes == output.byteCount, !joined.contains(found[0]) {
          victims[id.index].append(found[0])
        }
        if firstOperandOnly { break }
      }
    }
    unusedInputs = stores.reduce(0) {
      $1.producer == 0 && $1.readers == 0 && !$1.isKept ? $0 + $1.bytes : $0
    }
  }

  /// The optimum.
  public func optimum() -> Int {
    let count = before.count
    if count == 0 { return 0 }
    var best = [Int](repeating: .max, count: 1 << count)
    best[0] = 0
    for set in 0..<(1 << count) where best[set] < .max {
      let executed = UInt32(set)
      let level = live(executed)
      for index in 0..<count where executed >> UInt32(index) & 1 == 0 && before[index] & ~executed == 0 {
        let next = set | 1 << index
        best[next] = min(best[next], max(best[set], transient(index, after: executed, level: level)))
      }
    }
    return best[(1 << count) - 1]
  }

  /// The forced-passage bound by its definition: the largest, over all operators, of the fewest bytes that any set
  /// leaves live while the operator runs. Unused graph inputs are left out.
  public func forcedPassage() -> Int {
    let count = before.count
    if count == 0 { return 0 }
    var least = [Int](repeating: .max, count: count)
    var isIdeal = [Bool](repeating: false, count: 1 << count)
    isIdeal[0] = true
    for set in isIdeal.indices where isIdeal[set] {
      let executed = UInt32(set)
      let level = live(executed) - (set == 0 ? unusedInputs : 0)
      for index in 0..<count where executed >> UInt32(index) & 1 == 0 && before[index] & ~executed == 0 {
        isIdeal[set | 1 << index] = true
        least[index] = min(least[index], transient(index, after: executed, level: level))
      }
    }
    return least.max() ?? 0
  }

  private func transient(_ index: Int, after executed: UInt32, level: Int) -> Int {
    let bit = UInt32(1) << UInt32(index)
    let dying = victims[index].first { !stores[$0].isKept && stores[$0].readers & ~executed == bit }
    return level + added[index] - (dying.map { stores[$0].bytes } ?? 0)
  }

  private func live(_ executed: UInt32) -> Int {
    stores.reduce(executed == 0 ? unusedInputs : 0) { sum, store in
      let exists = store.producer == 0 || store.producer & executed != 0
      return exists && (store.isKept || store.readers & ~executed != 0) ? sum + store.bytes : sum
    }
  }
}
