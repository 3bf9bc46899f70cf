import ComputationGraph

/// A set of executed operators that grows and shrinks by one operator at a time, last in first out, with everything
/// that the next step needs kept up to date: live bytes, what is ready, how many readers every storage still has.
final class SearchCursor {
  let operatorCount: Int
  /// Executed operators, one bit each.
  let executed: UnsafeMutablePointer<UInt64>
  let storageCount: Int
  /// Words of ``executed``.
  let wordCount: Int
  /// Live bytes of the set.
  private(set) var liveBytes: Int
  /// A hash of the set: one random key per operator, combined by exclusive or.
  private(set) var hash: UInt64 = 0
  /// Operators run so far, in their order.
  let moves: GrowingBuffer<Int32>
  /// The operators that moves since ``clearTouched()`` have made ready, the last readers they have left to
  /// storages, and operators that wait for one more; with repetitions.
  let touched = GrowingBuffer<Int32>(capacity: 256)
  /// The ready operators, in an order that depends only on ``moves``.
  let ready: UnsafeMutablePointer<Int32>
  private(set) var readyCount = 0

  let successors: CompressedRows
  let inputs: CompressedRows
  let outputs: CompressedRows
  let readers: CompressedRows
  private let overwritable: CompressedRows
  private let readyPosition: UnsafeMutablePointer<Int32>
  private let waiting: UnsafeMutablePointer<Int32>
  /// The exclusive or of the predecessors that have not run: the last of them, once there is one.
  private let waitingFor: UnsafeMutablePointer<Int32>
  private let remainingReaders: UnsafeMutablePointer<Int32>
  /// The same for the readers of storages.
  private let readBy: UnsafeMutablePointer<Int32>
  private let storageBytes: UnsafeMutablePointer<Int>
  /// Bytes of each storage; 0 for what is kept, which is never freed.
  private let freedBytes: UnsafeMutablePointer<Int>
  /// Bytes that an operator needs besides what is live before it.
  private let runningBytes: UnsafeMutablePointer<Int>
  /// Bytes of an operator's outputs that stay live after it.
  private let stayingBytes: UnsafeMutablePointer<Int>
  private let keys: UnsafeMutablePointer<UInt64>

  init(_ problem: MemoryProblem) {
    let graph = problem.graph
    operatorCount = graph.operators.count
    storageCount = problem.storages.count
    wordCount = (operatorCount + 63) / 64
    executed = Self.buffer([UInt64](repeating: 0, count: wordCount))
    moves = GrowingBuffer(capacity: operatorCount)
    successors = CompressedRows(graph.successors.map { $0.map(\.index) })
    inputs = CompressedRows(problem.inputStorages)
    outputs = CompressedRows(problem.outputStorages)
    readers = CompressedRows(problem.storages.map { $0.readers.map(\.index) })
    overwritable = CompressedRows(problem.overwritableStorages)
    waiting = Self.buffer(graph.predecessors.map { Int32($0.count) })
    waitingFor = Self.buffer(graph.predecessors.map { $0.reduce(0) { $0 ^ Int32($1.index) } })
    remainingReaders = Self.buffer(problem.storages.map { Int32($0.readers.count) })
    readBy = Self.buffer(problem.storages.map { $0.readers.reduce(0) { $0 ^ Int32($1.index) } })
    storageBytes = Self.buffer(problem.storages.map(\.bytes))
    freedBytes = Self.buffer(problem.storages.map { $0.isKept ? 0 : $0.bytes })
    runningBytes = Self.buffer(zip(problem.outputBytes, problem.workspaceBytes).map { $0 + $1 })
    stayingBytes = Self.buffer(
      problem.outputStorages.map { indices in
        indices.reduce(0) {
          let storage = problem.storages[$1]
          return storage.readers.isEmpty && !storage.isKept ? $0 : $0 + storage.bytes
        }
      })
    var mixer: UInt64 = 0x1234_5678_9ABC_DEF1
    keys = Self.buffer(
      (0..<operatorCount).map { _ in
        mixer ^= mixer << 13
        mixer ^= mixer >> 7
        mixer ^= mixer << 17
        return mixer &* 0x9E37_79B9_7F4A_7C15
      })
    liveBytes =
      problem.storages.reduce(0) { $1.producer == nil ? $0 + $1.bytes : $0 } - problem.unusedInputBytes
    ready = Self.buffer([Int32](repeating: 0, count: operatorCount))
    readyPosition = Self.buffer([Int32](repeating: 0, count: operatorCount))
    for index in 0..<operatorCount where waiting[index] == 0 { appendReady(Int32(index)) }
  }

  deinit {
    executed.deallocate()
    ready.deallocate()
    readyPosition.deallocate()
    waiting.deallocate()
    waitingFor.deallocate()
    remainingReaders.deallocate()
    readBy.deallocate()
    storageBytes.deallocate()
    freedBytes.deallocate()
    runningBytes.deallocate()
    stayingBytes.deallocate()
    keys.deallocate()
  }

  private static func buffer<T>(_ values: [T]) -> UnsafeMutablePointer<T> {
    let buffer = UnsafeMutablePointer<T>.allocate(capacity: max(1, values.count))
    values.withUnsafeBufferPointer {
      if let start = $0.baseAddress { buffer.initialize(from: start, count: values.count) }
    }
    return buffer
  }

  /// The number of executed operators.
  @inline(__always) var depth: Int { moves.count }

  /// Whether all operators have run.
  @inline(__always) var isComplete: Bool { moves.count == operatorCount }

  @inline(__always) func isExecuted(_ id: Int) -> Bool { executed[id >> 6] >> UInt64(id & 63) & 1 == 1 }

  @inline(__always) func isReady(_ id: Int) -> Bool { waiting[id] == 0 && !isExecuted(id) }

  /// Live bytes while the ready operator `id` runs next.
  @inline(__always) func transient(_ id: Int) -> Int {
    var bytes = liveBytes + runningBytes[id]
    for storage in overwritable[id] where remainingReaders[Int(storage)] == 1 {
      bytes -= storageBytes[Int(storage)]
      break
    }
    return bytes
  }

  /// Change of the live bytes by running the ready operator `id`.
  @inline(__always) func netChange(_ id: Int) -> Int {
    var bytes = stayingBytes[id]
    for storage in inputs[id] where remainingReaders[Int(storage)] == 1 { bytes -= freedBytes[Int(storage)] }
    return bytes
  }

  /// Whether a storage still has a reader to come or is never freed.
  @inline(__always) func isHeld(_ storage: Int) -> Bool {
    remainingReaders[storage] > 0 || freedBytes[storage] != storageBytes[storage]
  }

  /// Bytes of a storage.
  @inline(__always) func bytes(_ storage: Int) -> Int { storageBytes[storage] }

  /// The ready operator at the start of the chain of single waits that ends at `id`, if there is one.
  @inline(__always) func readyAncestor(_ id: Int32) -> Int32? {
    var id = id
    while waiting[Int(id)] == 1 { id = waitingFor[Int(id)] }
    return isReady(Int(id)) ? id : nil
  }

  /// Forgets ``touched``.
  @inline(__always) func clearTouched() { touched.truncate(to: 0) }

  /// Runs the ready operator `v`.
  @inline(__always) func push(_ v: Int32) {
    let id = Int(v)
    var change = stayingBytes[id]
    for row in inputs[id] {
      let storage = Int(row)
      remainingReaders[storage] -= 1
      readBy[storage] ^= v
      if remainingReaders[storage] == 0 {
        change -= freedBytes[storage]
      } else if remainingReaders[storage] == 1 {
        touched.append(readBy[storage])
      }
    }
    liveBytes += change
    executed[id >> 6] |= 1 << UInt64(id & 63)
    hash ^= keys[id]
    moves.append(v)
    readyCount -= 1
    let last = ready[readyCount]
    ready[Int(readyPosition[id])] = last
    readyPosition[Int(last)] = readyPosition[id]
    for successor in successors[id] {
      waiting[Int(successor)] -= 1
      waitingFor[Int(successor)] ^= v
      if waiting[Int(successor)] == 0 {
        appendReady(successor)
        touched.append(successor)
      } else if waiting[Int(successor)] == 1 {
        touched.append(successor)
      }
    }
  }

  /// Takes back the operator that was run last.
  @inline(__always) func pop() {
    let v = moves.removeLast()
    let id = Int(v)
    for successor in successors[id] {
      if waiting[Int(successor)] == 0 { readyCount -= 1 }
      waiting[Int(successor)] += 1
      waitingFor[Int(successor)] ^= v
    }
    let position = Int(readyPosition[id])
    if position < readyCount {
      let last = ready[position]
      ready[readyCount] = last
      readyPosition[Int(last)] = Int32(readyCount)
    }
    ready[position] = v
    readyCount += 1
    hash ^= keys[id]
    executed[id >> 6] &= ~(1 << UInt64(id & 63))
    var change = stayingBytes[id]
    for row in inputs[id] {
      let storage = Int(row)
      if remainingReaders[storage] == 0 { change -= freedBytes[storage] }
      remainingReaders[storage] += 1
      readBy[storage] ^= v
    }
    liveBytes -= change
  }

  /// Takes back operators until `depth` are left.
  @inline(__always) func rewind(to depth: Int) { while moves.count > depth { pop() } }

  @inline(__always) private func appendReady(_ v: Int32) {
    ready[readyCount] = v
    readyPosition[Int(v)] = Int32(readyCount)
    readyCount += 1
  }
}
