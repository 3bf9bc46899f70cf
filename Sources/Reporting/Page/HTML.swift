/// Pieces of HTML text; all content is escaped.
enum HTML {
  static func table(_ columns: [(title: String, isNumber: Bool)], _ rows: [[String]]) -> String {
    func cell(_ tag: String, _ index: Int, _ content: String) -> String {
      "<\(tag)\(columns[index].isNumber ? " class=\"number\"" : "")>\(SVG.escape(content))</\(tag)>"
    }
    let head = columns.indices.map { cell("th", $0, columns[$0].title) }.joined()
    let body = rows.map { row in "<tr>" + row.indices.map { cell("td", $0, row[$0]) }.joined() + "</tr>" }
    return
      "<div class=\"wide\"><table><thead><tr>\(head)</tr></thead><tbody>\n\(body.joined(separator: "\n"))\n</tbody></table></div>"
  }

  static func paragraph(_ content: String, note: Bool = false) -> String {
    "<p\(note ? " class=\"note\"" : "")>\(SVG.escape(content))</p>"
  }

  static func heading(_ level: Int, _ content: String) -> String {
    "<h\(level)>\(SVG.escape(content))</h\(level)>"
  }

  static func preformatted(_ content: String) -> String { "<pre>\(SVG.escape(content))</pre>" }

  /// A whole page: no script, nothing loaded from elsewhere.
  static func page(title: String, _ body: [String]) -> String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(SVG.escape(title))</title>
    <style>
    \(StyleSheet.css)
    </style>
    </head>
    <body>
    \(body.joined(separator: "\n"))
    </body>
    </html>

    """
  }
}
