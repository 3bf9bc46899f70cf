/// One choice that a search space leaves open.
public struct Decision: Hashable, Sendable {
  /// The name: `stemChannels`, `cell.edge0-1`, `normal.block2.operation0`, `rowTile`…
  public let name: String
  /// The values to choose from, in the file's order.
  public let values: [String]
}
