/// One tensor or workspace in the arena.
public struct ArenaBuffer: Sendable, Hashable, Codable {
  /// How a buffer comes by its bytes.
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// A tensor with bytes of its own.
    case tensor
    /// Scratch memory of one operator's kernel.
    case workspace
    /// A tensor that is another one under a different shape, or the result of an elided Concat.
    case view
    /// A tensor that overwrites an input of its operator.
    case inplace
  }

  /// The tensor's name; of a workspace, the operator's name followed by `.workspace`.
  public let name: String
  /// How it comes by its bytes.
  public let kind: Kind
  /// The tensor whose buffer it lies in: itself for ``Kind/tensor``, the buffer of kind `tensor` at the root for
  /// views and in-place results, the first one's for the result of an elided Concat; the operator for a workspace.
  public let storage: String
  /// Its size, without padding.
  public let bytes: Int
  /// Bytes from the start of the arena.
  public let offset: Int
  /// The first step at which the bytes are in use.
  public let firstStep: Int
  /// The last one. A buffer of kind `tensor` covers everything that shares it; a view or an in-place result covers
  /// its own last reader only (a graph output: the last step).
  public let lastStep: Int

  /// Creates a buffer.
  public init(
    name: String, kind: Kind, storage: String, bytes: Int, offset: Int, firstStep: Int, lastStep: Int
  ) {
    self.name = name
    self.kind = kind
    self.storage = storage
    self.bytes = bytes
    self.offset = offset
    self.firstStep = firstStep
    self.lastStep = lastStep
  }
}
