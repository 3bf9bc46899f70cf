/// The cells of a published network: what each block computes and from where.
///
/// Inputs are numbered 0 for the cell before last, 1 for the last cell, 2 and up for the blocks of this cell.
public struct Genotype: Sendable {
  /// One operation on one input.
  public typealias Edge = (operation: String, input: Int)

  /// One cell: blocks that add two operations' results, and the blocks that are concatenated.
  public struct Cell: Sendable {
    /// Two operations each, whose results are added.
    public let blocks: [(Edge, Edge)]
    /// The blocks, by their number as inputs, whose results make up the cell's.
    public let concat: [Int]
  }

  /// The network's name.
  public let name: String
  /// The cell that keeps the image's size.
  public let normal: Cell
  /// The cell that halves it.
  public let reduction: Cell

  /// NASNet-A (Zoph et al., CVPR 2018).
  public static let nasNetA = Genotype(
    name: "NASNet-A",
    normal: Cell(
      blocks: [
        (("sep5", 1), ("sep3", 0)), (("sep5", 0), ("sep3", 0)), (("avg3", 1), ("id", 0)),
        (("avg3", 0), ("avg3", 0)), (("sep3", 1), ("id", 1)),
      ], concat: [0, 2, 3, 4, 5, 6]),
    reduction: Cell(
      blocks: [
        (("sep5", 1), ("sep7", 0)), (("max3", 1), ("sep7", 0)), (("avg3", 1), ("sep5", 0)),
        (("id", 3), ("avg3", 2)), (("sep3", 2), ("max3", 1)),
      ], concat: [3, 4, 5, 6]))

  /// AmoebaNet-A (Real et al., AAAI 2019).
  public static let amoebaNetA = Genotype(
    name: "AmoebaNet-A",
    normal: Cell(
      blocks: [
        (("avg3", 0), ("max3", 0)), (("id", 0), ("avg3", 1)), (("sep5", 2), ("sep3", 1)),
        (("sep3", 2), ("id", 1)), (("avg3", 4), ("sep3", 0)),
      ], concat: [3, 5, 6]),
    reduction: Cell(
      blocks: [
        (("avg3", 0), ("sep3", 1)), (("max3", 1), ("max3", 0)), (("max3", 0), ("sep7", 2)),
        (("sep7", 0), ("avg3", 1)), (("sep3", 3), ("1x7-7x1", 0)),
      ], concat: [4, 5, 6]))

  /// DARTS, second order (Liu et al., ICLR 2019).
  public static let dartsV2 = Genotype(
    name: "DARTS-V2",
    normal: Cell(
      blocks: [
        (("sep3", 0), ("sep3", 1)), (("sep3", 0), ("sep3", 1)), (("sep3", 1), ("id", 0)),
        (("id", 0), ("dil3", 2)),
      ], concat: [2, 3, 4, 5]),
    reduction: Cell(
      blocks: [
        (("max3", 0), ("max3", 1)), (("id", 2), ("max3", 1)), (("max3", 0), ("id", 2)),
        (("id", 2), ("max3", 1)),
      ], concat: [2, 3, 4, 5]))

  /// PNASNet-5 (Liu et al., ECCV 2018): one cell for both purposes.
  public static let pnasNet5: Genotype = {
    let cell = Cell(
      blocks: [
        (("sep5", 0), ("max3", 0)), (("sep7", 1), ("max3", 1)), (("sep5", 1), ("sep3", 1)),
        (("sep3", 4), ("max3", 1)), (("sep3", 0), ("1x1", 1)),
      ], concat: [2, 3, 4, 5, 6])
    return Genotype(name: "PNASNet-5", normal: cell, reduction: cell)
  }()

  /// All of them.
  public static let all = [nasNetA, amoebaNetA, dartsV2, pnasNet5]
}
