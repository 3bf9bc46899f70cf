/// How ``FusionILPScheduler`` came to its order.
public struct FusionReport: Hashable, Sendable {
  /// Operators of the graph.
  public var operators: Int
  /// Blocks after fusion.
  public var blocks = 0
  /// Pieces between hourglasses.
  public var pieces = 0
  /// Pieces for which the best heuristic order did not meet the bound.
  public var openPieces = 0
  /// Pairs of blocks whose order was fixed before programs were built.
  public var fixedPairs = 0
  /// Programs that HiGHS was asked to solve.
  public var programs = 0
  /// Integer variables of the largest.
  public var variables = 0
  /// Programs that were too large to be tried, or for which no time was left.
  public var skippedPrograms = 0
}
