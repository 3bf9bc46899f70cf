import Synchronization

/// Memory that networks in training use one after the other: activations and scratch space of every worker thread.
///
/// It grows to what the largest network needs and stays, so that the next one starts without new pages. Give the same
/// memory to trainers that are not used at the same time; each trainer has one of its own unless given.
public final class TrainingMemory: @unchecked Sendable {
  // Unchecked: engines prepare it before a step, on one thread; within a step, worker w touches only its own buffers.
  private var arenas: [AlignedBuffer] = []
  private var scratch: [AlignedBuffer] = []

  /// Empty memory.
  public init() {}

  /// Bytes held at present.
  public var byteCount: Int { (arenas + scratch).reduce(0) { $0 + $1.count * 4 } }

  /// Makes room for so many workers; contents are lost where a buffer grows.
  func reserve(workers: Int, arenaCount: Int, scratchCount: Int) {
    Self.reserve(&arenas, workers, arenaCount)
    Self.reserve(&scratch, workers, scratchCount)
  }

  /// A worker's activations and gradients.
  func arena(_ worker: Int) -> UnsafeMutablePointer<Float> { arenas[worker].pointer }

  /// A worker's scratch space.
  func scratch(_ worker: Int) -> UnsafeMutablePointer<Float> { scratch[worker].pointer }

  private static func reserve(_ buffers: inout [AlignedBuffer], _ workers: Int, _ count: Int) {
    for worker in 0..<workers {
      if worker == buffers.count {
        buffers.append(AlignedBuffer(count: count))
      } else if buffers[worker].count < count {
        buffers[worker] = AlignedBuffer(count: count)
      }
    }
  }
}

/// Lends memory to whoever computes networks at the same time, and keeps it for the next.
public final class TrainingMemoryPool: Sendable {
  private let free = Mutex<[TrainingMemory]>([])

  /// An empty pool.
  public init() {}

  /// Runs `body` with memory that nobody else has meanwhile.
  public func lend<Result, Failure: Error>(_ body: (TrainingMemory) throws(Failure) -> Result) throws(Failure)
    -> Result
  {
    let memory = free.withLock { $0.popLast() } ?? TrainingMemory()
    defer { free.withLock { $0.append(memory) } }
    return try body(memory)
  }
}
