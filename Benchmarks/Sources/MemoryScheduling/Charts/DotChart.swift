import Foundation
import Reporting

/// Rows of dots along one axis: a distribution per row, or several things compared per row.
struct DotChart {
  /// One value.
  struct Dot {
    let value: Double
    /// The number of the dot's colour.
    var color = 0
    /// Shown when the pointer rests on the dot.
    let tooltip: String
  }

  /// One line of the chart.
  struct Row {
    let label: String
    let dots: [Dot]
    /// Written at the right end.
    var note = ""
  }

  /// How values become places on the axis.
  enum Axis {
    case linear
    /// Seconds, by powers of ten.
    case logarithmicSeconds
  }

  let title: String
  let axisTitle: String
  let axis: Axis
  let rows: [Row]
  /// What the colours mean, from colour 0 on; empty if there is one only.
  var legend: [String] = []
  /// The distance of two rows, in pixels; dots of a row are spread over half of it.
  var rowHeight = 42.0

  private static let colors = [
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#888888", "#222222",
  ]

  /// The chart as the text of an SVG file.
  func svg() -> String {
    let (width, left, right) = (960.0, 190.0, 780.0)
    let top = legend.isEmpty ? 40.0 : 66.0
    let bottom = top + rowHeight * Double(rows.count)
    let scale = scale(left...right)
    let style = Self.colors.enumerated().map { "svg .dot\($0) { fill: \($1); fill-opacity: .6; }" }
    var parts = ["<style>\(style.joined(separator: " "))</style>", SVG.text(16, 22, title, style: "axis")]
    parts += legendParts(left: left)
    for tick in scale.ticks {
      let x = scale.position(tick)
      parts.append(SVG.line(x, top, x, bottom, style: "grid"))
      parts.append(SVG.text(x, bottom + 18, label(tick, scale), anchor: "middle"))
    }
    parts.append(SVG.text((left + right) / 2, bottom + 42, axisTitle, style: "axis", anchor: "middle"))
    for (index, row) in rows.enumerated() {
      let middle = top + rowHeight * (Double(index) + 0.5)
      parts.append(SVG.text(left - 12, middle + 4, row.label, style: "axis", anchor: "end"))
      parts.append(SVG.text(right + 12, middle + 4, row.note))
      for (position, dot) in row.dots.enumerated() {
        // The fractions of multiples of the golden ratio fall evenly, so that equal values stay apart.
        let spread = (Double(position) * 0.618_034).truncatingRemainder(dividingBy: 1) - 0.5
        parts.append(
          "<circle cx=\"\(SVG.number(scale.position(place(dot.value))))\" "
            + "cy=\"\(SVG.number(middle + spread * rowHeight * 0.5))\" r=\"\(legend.isEmpty ? 3.5 : 5)\" "
            + "class=\"dot\(dot.color % Self.colors.count)\"><title>\(SVG.escape(dot.tooltip))</title></circle>"
        )
      }
    }
    return SVG.document(width: width, height: bottom + 56, title: title, standalone: true, parts)
  }

  private func scale(_ pixels: ClosedRange<Double>) -> AxisScale {
    let places = rows.flatMap { $0.dots.map { place($0.value) } }
    switch axis {
    case .linear: return AxisScale(values: places, pixels: pixels)
    case .logarithmicSeconds:
      let (low, high) = ((places.min() ?? -3).rounded(.down), (places.max() ?? 0).rounded(.up))
      return AxisScale(
        values: [low, max(high, low + 1)], pixels: pixels, desiredTicks: max(1, Int(high - low)))
    }
  }

  private func place(_ value: Double) -> Double {
    switch axis {
    case .linear: value
    case .logarithmicSeconds: log10(max(value, 1e-7))
    }
  }

  private func label(_ tick: Double, _ scale: AxisScale) -> String {
    switch axis {
    case .linear: return scale.label(tick)
    case .logarithmicSeconds:
      let (unit, shift) = tick >= 0 ? ("s", 0.0) : tick >= -3 ? ("ms", 3) : ("µs", 6)
      return "\(Int(pow(10, tick + shift).rounded())) \(unit)"
    }
  }

  private func legendParts(left: Double) -> [String] {
    var x = left
    var parts: [String] = []
    for (color, name) in legend.enumerated() {
      parts.append("<circle cx=\"\(SVG.number(x + 5))\" cy=\"44\" r=\"5\" class=\"dot\(color)\"/>")
      parts.append(SVG.text(x + 15, 48, name))
      x += 34 + 7 * Double(name.count)
    }
    return parts
  }
}
