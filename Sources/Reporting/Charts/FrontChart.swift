/// Accuracy against latency of everything measured; the Pareto front is drawn out, winners are named.
public struct FrontChart: Sendable {
  /// One measured candidate.
  public struct Point: Sendable {
    let latencyMilliseconds: Double
    let quality: Double
    let tooltip: String
    let isOnFront: Bool
    let winnerOf: [String]

    /// Creates a point.
    ///
    /// - Parameters:
    ///   - latencyMilliseconds: median latency.
    ///   - quality: validation accuracy in [0, 1], or a score.
    ///   - tooltip: shown when the pointer rests on the point.
    ///   - isOnFront: whether nothing measured is better in every objective (peak memory included).
    ///   - winnerOf: devices whose winner this is.
    public init(
      latencyMilliseconds: Double, quality: Double, tooltip: String, isOnFront: Bool, winnerOf: [String]
    ) {
      self.latencyMilliseconds = latencyMilliseconds
      self.quality = quality
      self.tooltip = tooltip
      self.isOnFront = isOnFront
      self.winnerOf = winnerOf
    }
  }

  /// What the vertical axis shows.
  public enum Quality: Sendable {
    /// Validation accuracy, in percent.
    case accuracy
    /// A score that is no accuracy, as it is.
    case score
  }

  private let points: [Point]
  private let quality: Quality

  /// Creates a chart of `points`.
  public init(points: [Point], shows quality: Quality = .accuracy) {
    self.points = points
    self.quality = quality
  }

  /// The chart as SVG text.
  public func svg() -> String {
    let (width, height) = (760.0, 420.0)
    let horizontal = AxisScale(
      values: points.map(\.latencyMilliseconds), pixels: 70...(width - 20), includesZero: true)
    let factor = quality == .accuracy ? 100.0 : 1
    let vertical = AxisScale(values: points.map { $0.quality * factor }, pixels: 20...(height - 60))
    var parts = SVG.verticalAxis(
      vertical, left: 70, right: width - 20,
      title: quality == .accuracy ? "validation accuracy, %" : "score (no accuracy)")
    parts += SVG.horizontalAxis(horizontal, bottom: height - 60, title: "latency, ms (median)")
    var labelled: [(x: Double, y: Double)] = []
    let ordered = points.filter { !$0.isOnFront } + points.filter(\.isOnFront)
    for point in ordered {
      let x = horizontal.position(point.latencyMilliseconds)
      let y = vertical.position(point.quality * factor, flipped: true)
      let style = point.winnerOf.isEmpty ? (point.isOnFront ? "front" : "dominated") : "winner"
      let radius = point.winnerOf.isEmpty ? (point.isOnFront ? 5 : 3.5) : 7
      parts.append(
        "<circle cx=\"\(SVG.number(x))\" cy=\"\(SVG.number(y))\" r=\"\(radius)\" class=\"\(style)\">"
          + "<title>\(SVG.escape(point.tooltip))</title></circle>")
      if !point.winnerOf.isEmpty {
        let isFarRight = x > width * 0.7
        // Winners may lie close together: a label moves down until it stands clear of the others.
        var labelY = y + 4
        while labelled.contains(where: { abs($0.y - labelY) < 14 && abs($0.x - x) < 170 }) { labelY += 14 }
        labelled.append((x, labelY))
        parts.append(
          SVG.text(
            isFarRight ? x - 11 : x + 11, labelY, point.winnerOf.joined(separator: ", "), style: "callout",
            anchor: isFarRight ? "end" : "start"))
      }
    }
    return SVG.document(width: width, height: height, title: "Accuracy against latency", parts)
  }
}
