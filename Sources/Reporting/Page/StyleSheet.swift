/// The style of page and charts in one place: page and embedded charts follow light and dark, a chart in a file of its
/// own has the light colours written out, so that any viewer draws it.
enum StyleSheet {
  /// The page's style sheet, charts included.
  static let css = """
    :root { color-scheme: light dark; \(variables(lightColors)) }
    @media (prefers-color-scheme: dark) { :root { \(variables(darkColors)) } }
    \(pageRules)
    svg { display: block; height: auto; margin: .4rem 0 1rem; max-width: 100%; width: 47.5rem; }
    \(chartRules)
    """

  /// The charts' part alone, in the light colours.
  static let standaloneChart = lightColors.reduce("svg { background: var(--page); }\n\(chartRules)") {
    $0.replacing("var(--\($1.name))", with: $1.value)
  }

  private static let lightColors: [(name: String, value: String)] = [
    ("page", "#fff"), ("ink", "#1c2330"), ("soft", "#5b6475"), ("rule", "#d9dee7"), ("panel", "#f5f7fa"),
    ("tensor", "#4477aa"), ("workspace", "#ccbb44"), ("other", "#aab4c4"), ("output", "#66ccee"),
    ("front", "#4477aa"), ("dominated", "#aab4c4"), ("winner", "#ee6677"), ("limit", "#ee6677"),
    ("peak", "#ee667733"), ("bound", "#228833"),
  ]

  private static let darkColors: [(name: String, value: String)] = [
    ("page", "#14181f"), ("ink", "#e6eaf1"), ("soft", "#9aa5b8"), ("rule", "#303846"), ("panel", "#1c222c"),
    ("dominated", "#5b6475"), ("other", "#5b6475"),
  ]

  private static func variables(_ colors: [(name: String, value: String)]) -> String {
    colors.map { "--\($0.name): \($0.value);" }.joined(separator: " ")
  }

  private static let pageRules = """
    body { background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 0 auto;
      max-width: 60rem; padding: 1.5rem; }
    h1 { font-size: 1.6rem; margin: 0 0 .3rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
    h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; } p.note { color: var(--soft); margin: .3rem 0 .8rem; }
    table { border-collapse: collapse; font-size: .9rem; } .wide { overflow-x: auto; }
    th, td { border-bottom: 1px solid var(--rule); padding: .3rem .7rem .3rem 0; text-align: left; vertical-align: top; }
    td.number, th.number { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
    td { overflow-wrap: anywhere; min-width: 4.5rem; } td.number { min-width: 0; }
    pre { background: var(--panel); border-radius: 6px; font-size: .82rem; overflow-x: auto; padding: .8rem; }
    """

  private static let chartRules = """
    svg text { fill: var(--soft); font: 12px system-ui, sans-serif; } svg .axis { fill: var(--ink); }
    svg .callout { fill: var(--ink); font-weight: 600; } svg .grid { stroke: var(--rule); }
    svg .tick { stroke: var(--soft); } svg .front { fill: var(--front); } svg .dominated { fill: var(--dominated); }
    svg .winner { fill: var(--winner); } svg .tensor, svg .input { fill: var(--tensor); }
    svg .output { fill: var(--output); } svg .other { fill: var(--other); }
    svg .tensor, svg .workspace { stroke: var(--page); stroke-width: .7; } svg .workspace { fill: var(--workspace); }
    svg .limit { stroke: var(--limit); stroke-dasharray: 6 4; stroke-width: 1.5; } svg .peak { fill: var(--peak); }
    svg .area { fill: var(--tensor); fill-opacity: .55; stroke: var(--tensor); }
    svg .before { fill: none; stroke: var(--soft); stroke-width: 1.2; }
    svg .learnt, svg .held { fill: none; stroke: var(--tensor); stroke-width: 1.6; }
    svg .held { stroke: var(--winner); }
    svg .bound { stroke: var(--bound); stroke-dasharray: 2 3; stroke-width: 1.5; }
    """
}
