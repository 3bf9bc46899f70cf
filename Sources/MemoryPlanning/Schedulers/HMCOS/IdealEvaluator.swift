/// Runs operators from sets of executed operators, in flat arrays: what the search does millions of times.
///
/// The same reckoning as ``MemoryProblem/evaluate(_:)``, on sets instead of orders; unused graph inputs, which only
/// count at the first step, are left out.
struct IdealEvaluator {
  /// A list of numbers per row, in one array.
  struct Rows {
    private(set) var starts: [Int] = [0]
    private(set) var values: [Int] = []

    init(_ rows: [[Int]]) {
      for row in rows {
        values += row
        starts.append(values.count)
      }
    }

    subscript(row: Int) -> Range<Int> { starts[row]..<starts[row + 1] }
  }

  /// Number of operators.
  let count: Int
  private let inputs: Rows
  private let readers: Rows
  private let candidates: Rows
  private let isKept: [Bool]
  private let storageBytes: [Int]
  /// Bytes that an operator adds while it runs: outputs and workspace.
  private let runningBytes: [Int]
  /// Bytes that stay after it from its outputs.
  private let addedBytes: [Int]
  /// Bytes live before the first operator.
  let initialBytes: Int

  init(_ problem: MemoryProblem) {
    count = problem.graph.operators.count
    inputs = Rows(problem.inputStorages)
    readers = Rows(problem.storages.map { $0.readers.map(\.index) })
    candidates = Rows(problem.overwritableStorages)
    isKept = problem.storages.map(\.isKept)
    storageBytes = problem.storages.map(\.bytes)
    runningBytes = zip(problem.outputBytes, problem.workspaceBytes).map { $0 + $1 }
    addedBytes = problem.outputStorages.map { indices in
      indices.reduce(0) {
        let storage = problem.storages[$1]
        return storage.readers.isEmpty && !storage.isKept ? $0 : $0 + storage.bytes
      }
    }
    initialBytes =
      problem.storages.reduce(0) { $1.producer == nil ? $0 + $1.bytes : $0 } - problem.unusedInputBytes
  }

  /// Whether all readers of a storage are in `executed`.
  func isRead(_ storage: Int, in executed: BitSet) -> Bool {
    for position in readers[storage] where !executed.contains(readers.values[position]) { return false }
    return true
  }

  /// Runs `id`, which must be ready: adds it to `executed`, updates `live`, returns the bytes live meanwhile.
  func run(_ id: Int, executed: inout BitSet, live: inout Int) -> Int {
    executed.insert(id)
    var credit = 0
    for position in candidates[id] where isRead(candidates.values[position], in: executed) {
      credit = storageBytes[candidates.values[position]]
      break
    }
    let transient = live + runningBytes[id] - credit
    live += addedBytes[id]
    for position in inputs[id] {
      let storage = inputs.values[position]
      if !isKept[storage], isRead(storage, in: executed) { live -= storageBytes[storage] }
    }
    return transient
  }

  /// Runs `ids` one after the other and returns the most bytes live meanwhile.
  func run(_ ids: [Int], executed: inout BitSet, live: inout Int) -> Int {
    var peak = Int.min
    for id in ids { peak = max(peak, run(id, executed: &executed, live: &live)) }
    return peak
  }
}
