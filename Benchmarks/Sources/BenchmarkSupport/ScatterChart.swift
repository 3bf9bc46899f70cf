import Foundation
import Reporting

/// Points of several series in the plane, each series with its colour and, where wanted, a line.
package struct ScatterChart {
  /// Points of one colour.
  package struct Series {
    package let name: String
    package let points: [(x: Double, y: Double)]
    /// Corners of a line drawn through the plane; empty for none.
    package var line: [(x: Double, y: Double)] = []

    package init(
      name: String, points: [(x: Double, y: Double)], line: [(x: Double, y: Double)] = []
    ) {
      self.name = name
      self.points = points
      self.line = line
    }
  }

  package let title: String
  package let xTitle: String
  package let yTitle: String
  package let series: [Series]

  package init(title: String, xTitle: String, yTitle: String, series: [Series]) {
    self.title = title
    self.xTitle = xTitle
    self.yTitle = yTitle
    self.series = series
  }

  private static let colors = ["#4477aa", "#ee6677", "#228833", "#aa3377", "#ccbb44", "#888888"]

  /// The chart as the text of an SVG file.
  package func svg() -> String {
    let (width, height) = (900.0, 560.0)
    let all = series.flatMap { $0.points + $0.line }
    let horizontal = AxisScale(values: all.map(\.x), pixels: 80...(width - 30), includesZero: true)
    let vertical = AxisScale(values: all.map(\.y), pixels: 70...(height - 70))
    let styles = Self.colors.enumerated().map {
      "svg .s\($0) { fill: \($1); fill-opacity: .35; } svg .l\($0) { fill: none; stroke: \($1); stroke-width: 2; }"
    }
    var parts = ["<style>\(styles.joined(separator: " "))</style>", SVG.text(16, 24, title, style: "axis")]
    parts += SVG.verticalAxis(vertical, left: 80, right: width - 30, title: yTitle)
    parts += SVG.horizontalAxis(horizontal, bottom: height - 70, title: xTitle)
    var legendX = 80.0
    for (number, item) in series.enumerated() {
      let color = number % Self.colors.count
      parts.append(
        "<circle cx=\"\(SVG.number(legendX + 5))\" cy=\"46\" r=\"5\" class=\"s\(color)\" style=\"fill-opacity:1\"/>"
      )
      parts.append(SVG.text(legendX + 15, 50, item.name))
      legendX += 40 + 7.5 * Double(item.name.count)
      for point in item.points {
        parts.append(
          "<circle cx=\"\(SVG.number(horizontal.position(point.x)))\" "
            + "cy=\"\(SVG.number(vertical.position(point.y, flipped: true)))\" r=\"3\" class=\"s\(color)\"/>")
      }
      if item.line.count > 1 {
        let corners = item.line.map {
          (x: horizontal.position($0.x), y: vertical.position($0.y, flipped: true))
        }
        parts.append(SVG.path(corners, style: "l\(color)"))
      }
    }
    return SVG.document(width: width, height: height, title: title, standalone: true, parts)
  }
}
