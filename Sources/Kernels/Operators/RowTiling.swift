/// The output rows of all images in tiles of a bounded number of rows, shared by threads; the tiles are smaller where a
/// thread would have nothing to do.
struct RowTiling: Hashable {
  /// All tiles.
  let count: Int
  /// The most rows of a tile.
  private let rows: Int
  private let height: Int
  private let perImage: Int
  private let parts: Int

  /// - Parameters:
  ///   - rows: the most rows of a tile, up to `height`.
  ///   - images: how often there are `height` rows: groups of channels count as images of their own.
  ///   - parts: the threads that share the tiles.
  /// - Precondition: all are positive.
  init(rows: Int, height: Int, images: Int, parts: Int) {
    let wanted = min((parts + images - 1) / images, height)
    let perImage = (height + rows - 1) / rows
    self.rows = perImage < wanted ? (height + wanted - 1) / wanted : rows
    self.perImage = (height + self.rows - 1) / self.rows
    self.height = height
    self.parts = parts
    count = images * self.perImage
  }

  /// The image of a tile, and its rows there.
  subscript(tile: Int) -> (image: Int, rows: Range<Int>) {
    let first = tile % perImage * rows
    return (tile / perImage, first..<min(first + rows, height))
  }

  /// The tiles that a thread computes.
  func tiles(ofPart part: Int) -> Range<Int> { count.share(part, of: parts) }

  /// The most rows of the tiles that the threads before `part` have at once, each its own: where its panel begins.
  func panelRows(beforePart part: Int) -> Int {
    (0..<part).reduce(0) { sum, part in sum + (tiles(ofPart: part).map { self[$0].rows.count }.max() ?? 0) }
  }

  /// The same of all threads.
  var panelRows: Int { panelRows(beforePart: parts) }
}
