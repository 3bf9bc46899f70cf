import Foundations

/// One horizontal bar of labelled parts, such as the bytes at the peak step.
public struct StackedBar: Sendable {
  private let parts: [(label: String, bytes: Int, style: String)]

  /// Creates a bar; empty parts are left out.
  ///
  /// - Parameter parts: label, bytes and a class of the page's style sheet.
  public init(parts: [(label: String, bytes: Int, style: String)]) {
    self.parts = parts.filter { $0.bytes > 0 }
  }

  /// The bar as SVG text, with a legend below.
  public func svg() -> String {
    let total = max(1, parts.reduce(0) { $0 + $1.bytes })
    var x = 0.0
    var shapes: [String] = []
    var legend = 0.0
    for part in parts {
      let width = 760 * Double(part.bytes) / Double(total)
      let text = "\(part.label) \(ByteCount.describe(part.bytes))"
      shapes.append(SVG.rectangle(x, 0, width, 28, style: part.style, tooltip: text))
      shapes.append(SVG.rectangle(legend, 40, 12, 12, style: part.style))
      shapes.append(SVG.text(legend + 17, 50, text))
      legend += 40 + 7 * Double(text.count)
      x += width
    }
    return SVG.document(width: 760, height: 58, title: "Bytes at the peak step", shapes)
  }
}
