/// A rule that an arena plan breaks.
public enum PlanViolation: Error, Equatable, CustomStringConvertible {
  /// The order itself does not run every operator once, after those it waits for.
  case invalidOrder
  /// The alignment is not positive.
  case invalidAlignment(Int)
  /// The sizes of the arena contradict each other: not a multiple of the alignment, or unpadded above padded.
  case inconsistentArenaSize(arenaBytes: Int, unpaddedArenaBytes: Int)
  /// A tensor or a needed workspace has no buffer.
  case missing(name: String)
  /// Two buffers describe one tensor or one operator's workspace.
  case duplicate(name: String)
  /// A buffer describes nothing that lives in the arena.
  case unknown(name: String)
  /// A buffer has another size than its tensor or workspace.
  case wrongSize(name: String, expected: Int, found: Int)
  /// An offset is negative or not a multiple of the alignment.
  case misaligned(name: String, offset: Int)
  /// A buffer ends behind the arena's end.
  case outsideArena(name: String, end: Int, arenaBytes: Int)
  /// A buffer's kind is not allowed for it: a view where the model has none, or the reverse.
  case wrongKind(name: String, kind: ArenaBuffer.Kind)
  /// A view or an in-place result does not lie on a storage that it may share at that step.
  case invalidSharing(name: String)
  /// The result of an elided Concat is not its inputs one behind the other.
  case invalidElision(name: String)
  /// A buffer names another storage than the one it shares.
  case wrongStorage(name: String, expected: String, found: String)
  /// A buffer is in use at a step outside its recorded lifetime, or the lifetime is not within the order.
  case wrongLifetime(name: String, step: Int)
  /// Two buffers in use at the same step overlap.
  case overlap(first: String, second: String, step: Int)

  /// One sentence that names the buffer.
  public var description: String {
    switch self {
    case .invalidOrder: "the order is not a valid order of the graph"
    case .invalidAlignment(let bytes): "an alignment of \(bytes) bytes is not a positive number"
    case .inconsistentArenaSize(let padded, let unpadded):
      "the arena's sizes (\(padded) bytes, \(unpadded) unpadded) contradict each other or the alignment"
    case .missing(let name): "'\(name)' has no buffer"
    case .duplicate(let name): "'\(name)' has two buffers"
    case .unknown(let name): "buffer '\(name)' belongs to nothing that lives in the arena"
    case .wrongSize(let name, let expected, let found):
      "buffer '\(name)' has \(found) bytes, but needs \(expected)"
    case .misaligned(let name, let offset): "buffer '\(name)' has the offset \(offset), which is not aligned"
    case .outsideArena(let name, let end, let size):
      "buffer '\(name)' ends at byte \(end), but the arena has \(size) bytes"
    case .wrongKind(let name, let kind): "buffer '\(name)' cannot be of kind \(kind.rawValue)"
    case .invalidSharing(let name): "buffer '\(name)' does not lie on a storage that it may share"
    case .invalidElision(let name):
      "buffer '\(name)' does not consist of its Concat's inputs, one behind the other"
    case .wrongStorage(let name, let expected, let found):
      "buffer '\(name)' names the storage '\(found)', but shares '\(expected)'"
    case .wrongLifetime(let name, let step):
      "buffer '\(name)' is in use at step \(step), outside its lifetime"
    case .overlap(let first, let second, let step):
      "buffers '\(first)' and '\(second)' overlap at step \(step)"
    }
  }
}
