/// Accuracy against latency of everything measured; the Pareto front is drawn out, winners are named.
public struct FrontChart: Sendable {
  /// One measured candidate.
  public struct Point: Sendable {
    let latencyMilliseconds: Double
    let accuracy: Double
    let tooltip: String
    let isOnFront: Bool
    let winnerOf: [String]

    /// Creates a point.
    ///
    /// - Parameters:
    ///   - latencyMilliseconds: median latency.
    ///   - accuracy: validation accuracy in [0, 1].
    ///   - tooltip: shown when the pointer rests on the point.
    ///   - isOnFront: whether nothing measured is better in every objective (peak memory included).
    ///   - winnerOf: devices whose winner this is.
    public init(
      latencyMilliseconds: Double, accuracy: Double, tooltip: String, isOnFront: Bool, winnerOf: [String]
    ) {
      self.latencyMilliseconds = latencyMilliseconds
      self.accuracy = accuracy
      self.tooltip = tooltip
      self.isOnFront = isOnFront
      self.winnerOf = winnerOf
    }
  }

  private let points: [Point]

  /// Creates a chart of `points`.
  public init(points: [Point]) { self.points = points }

  /// The chart as SVG text.
  public func svg() -> String {
    let (width, height) = (760.0, 420.0)
    let horizontal = AxisScale(
      values: points.map(\.latencyMilliseconds), pixels: 70...(width - 20), includesZero: true)
    let vertical = AxisScale(values: points.map { $0.accuracy * 100 }, pixels: 20...(height - 60))
    var parts = SVG.verticalAxis(vertical, left: 70, right: width - 20, title: "validation accuracy, %")
    parts += SVG.horizontalAxis(horizontal, bottom: height - 60, title: "latency, ms (median)")
    var labelled: [(x: Double, y: Double)] = []
    let ordered = points.filter { !$0.isOnFront } + points.filter(\.isOnFront)
    for point in ordered {
      let x = horizontal.position(point.latencyMilliseconds)
      let y = vertical.position(point.accuracy * 100, flipped: true)
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
