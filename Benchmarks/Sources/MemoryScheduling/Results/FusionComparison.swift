import BenchmarkSupport
import MemoryPlanning

/// Zhong et al., ICCAD 2023, beside ours.
struct FusionComparison {
  let results: ResultSet

  /// Heading, table and remarks.
  var paragraphs: [String] {
    [
      "### Zhong et al. (ICCAD 2023)", savings,
      """
      Their abstract: 13.4 % lower peak than prior art. The table says how much lower the peak is, on average and at most, over the
      networks of both kinds of cells (HMCOS's benchmark where its files are there, and the generated networks), in-place.
      """,
      """
      Not reproduced: their networks, their table, their solver and the conditions of their fusion, none of which was recovered;
      what "prior art" is exactly (here: `hmcos` and `serenity` as built here, each within the same time limit).
      """,
    ]
  }

  private var savings: String {
    let ratios = SchedulerRatios(problems: results.problems([.hmcos, .generated], [.inPlace]))
    let ours: [SchedulerName] = [.fusionILP, .exact]
    let others: [SchedulerName] = [.rpo, .hmcos, .serenity]
    var table = MarkdownTable(
      text: ["scheduler"], numbers: others.flatMap { ["than \($0.rawValue), mean", "at most"] })
    for name in ours {
      table.append(
        [name.rawValue]
          + others.flatMap { other -> [String] in
            let shares = ratios.savings(of: name, against: other)
            guard let spread = Spread(shares) else { return ["–", "–"] }
            return [percentText(shares.reduce(0, +) / Double(shares.count)), percentText(spread.maximum)]
          })
    }
    return table.text
  }
}
