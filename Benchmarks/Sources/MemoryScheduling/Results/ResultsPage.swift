/// The results' page: `README.md`.
struct ResultsPage {
  let results: ResultSet

  /// The page as Markdown.
  var text: String {
    let sections =
      [head] + TargetsSection(results: results).paragraphs + NetworksSection(results: results).paragraphs
      + RewritingSection(results: results).paragraphs + PublicationsSection(results: results).paragraphs
      + MethodSection(results: results).paragraphs
    return sections.joined(separator: "\n\n") + "\n"
  }

  private var head: String {
    """
    # Memory-aware operator scheduling: every scheduler on every network

        make memory-results

    writes this page, the figures and `results.csv` (a row per network, memory model and scheduler). Peaks, bounds, proofs and
    arenas repeat exactly wherever no time limit is reached; times are of this machine: \(results.machine.text).
    """
  }
}
