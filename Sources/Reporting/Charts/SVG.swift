import Foundation

/// Pieces of SVG text. Colours come by class name, from the page's style sheet or from that of a chart in a file of
/// its own.
public enum SVG {
  /// Escapes text for element content and attribute values.
  public static func escape(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
    return result
  }

  /// A coordinate with at most two decimals.
  public static func number(_ value: Double) -> String {
    let text = String(format: "%.2f", value)
    guard text.contains(".") else { return text }
    return String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed())
  }

  /// A straight line.
  public static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, style: String) -> String {
    "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" class=\"\(style)\"/>"
  }

  /// A line of text; `rotated` turns it a quarter to the left.
  public static func text(
    _ x: Double, _ y: Double, _ content: String, style: String = "label", anchor: String = "start",
    rotated: Bool = false
  ) -> String {
    let turn = rotated ? " transform=\"rotate(-90 \(number(x)) \(number(y)))\"" : ""
    return
      "<text x=\"\(number(x))\" y=\"\(number(y))\" class=\"\(style)\" text-anchor=\"\(anchor)\"\(turn)>\(escape(content))</text>"
  }

  /// A line through corners, open or filled as its style says.
  public static func path(_ points: [(x: Double, y: Double)], style: String) -> String {
    let corners = points.map { "\(number($0.x)) \(number($0.y))" }.joined(separator: " L")
    return "<path d=\"M\(corners)\" class=\"\(style)\"/>"
  }

  /// A rectangle, with a text that is shown when the pointer rests on it.
  public static func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, style: String, tooltip: String? = nil
  ) -> String {
    let shape =
      "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(max(0, width)))\" height=\"\(number(max(0, height)))\" class=\"\(style)\""
    guard let tooltip else { return shape + "/>" }
    return shape + "><title>\(escape(tooltip))</title></rect>"
  }

  /// A whole chart.
  ///
  /// - Parameter standalone: whether it is a file of its own: then the style sheet comes with it.
  public static func document(
    width: Double, height: Double, title: String, standalone: Bool = false, _ parts: [String]
  ) -> String {
    let style = standalone ? "<style>\(StyleSheet.standaloneChart)</style>\n" : ""
    return """
      <svg viewBox="0 0 \(number(width)) \(number(height))" role="img" aria-label="\(escape(title))" \
      xmlns="http://www.w3.org/2000/svg">
      <title>\(escape(title))</title>
      \(style)\(parts.joined(separator: "\n"))
      </svg>
      """
  }

  /// Horizontal grid lines with labels at the left, an axis title on its side.
  public static func verticalAxis(_ scale: AxisScale, left: Double, right: Double, title: String) -> [String]
  {
    scale.ticks.flatMap { tick -> [String] in
      let y = scale.position(tick, flipped: true)
      return [
        line(left, y, right, y, style: "grid"),
        text(left - 8, y + 4, scale.label(tick), anchor: "end"),
      ]
    } + [
      text(
        16, (scale.pixels.lowerBound + scale.pixels.upperBound) / 2, title, style: "axis", anchor: "middle",
        rotated: true)
    ]
  }

  /// Labels below a horizontal axis, with short marks.
  public static func horizontalAxis(_ scale: AxisScale, bottom: Double, title: String) -> [String] {
    scale.ticks.flatMap { tick -> [String] in
      let x = scale.position(tick)
      return [
        line(x, bottom, x, bottom + 4, style: "tick"),
        text(x, bottom + 18, scale.label(tick), anchor: "middle"),
      ]
    } + [
      text(
        (scale.pixels.lowerBound + scale.pixels.upperBound) / 2, bottom + 40, title, style: "axis",
        anchor: "middle")
    ]
  }
}
