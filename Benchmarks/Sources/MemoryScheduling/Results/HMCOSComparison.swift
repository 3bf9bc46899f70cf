import BenchmarkSupport
import MemoryPlanning
import Reporting

/// Wang et al., DAC 2022, beside ours.
struct HMCOSComparison {
  let results: ResultSet

  /// The networks of its benchmark in its memory model, or what comes nearest without its files.
  private var problems: [ResultSet.Problem] {
    let own = results.problems([.hmcos], [.hmcos])
    return own.isEmpty ? results.problems([.generated], [.inPlace]) : own
  }

  private var hasOwnGraphs: Bool { !results.problems([.hmcos], [.hmcos]).isEmpty }

  /// Heading, tables and remarks.
  var paragraphs: [String] {
    var paragraphs = [
      "### HMCOS (Wang et al., DAC 2022, doi 10.1145/3489517.3530472)",
      "![Cell networks: every scheduler relative to the lowest peak](cells.svg)",
    ]
    if hasOwnGraphs {
      paragraphs += [
        networks,
        """
        Graphs of the authors' own generators, in their memory model (an element-wise operator overwrites the first input of equal
        size only), peaks in bytes. **Reference** is their C++ code, run by us on one core of a two-core machine, in another run
        than this one: its times give orders of magnitude. Times are the shortest of several runs, the reference's processor time, ours
        by the clock. It had no answer for `randwire3-c78-s1`
        within 90 s, and gives up to 4,107,648 bytes for `darts-imagenet` in some runs. The two reverse post-orders differ in
        their ties.
        """,
      ]
    }
    paragraphs += ["The abstract's claims, on these networks:", claims]
    paragraphs.append(
      """
      Not reproduced: the abstract's figures network by network, because the paper's table was not recovered; which baseline
      belongs to which figure (here: peaks against reverse post-order, times against SERENITY's method); its PNASNet-5 and
      RandWire instances (seeds are not published).\(hasOwnGraphs ? "" : " Its own graphs were not there for this run: these are the layouts of its benchmark, built from the published cells.")
      """)
    return paragraphs
  }

  private var networks: String {
    var table = MarkdownTable(
      text: ["network"],
      numbers: [
        "rpo, reference", "rpo, ours", "HMCOS, reference", "`hmcos`, ours", "optimum (`exact`)",
        "time, reference", "`hmcos`, ours", "`exact`", "`exact` faster by",
      ])
    for problem in problems {
      guard let entry = HMCOSReference.entries[problem.network], let exact = problem.rows[.exact] else {
        continue
      }
      let seconds = exact.time.minimum
      table.append([
        problem.network, NumberFormat.grouped(entry.reversePostOrderBytes), bytes(problem.peak(.rpo)),
        entry.peakBytes.map(NumberFormat.grouped) ?? "none", bytes(problem.peak(.hmcos)),
        bytes(problem.peak(.exact)) + (exact.outcome?.isProved ?? false ? "" : " (not proved)"),
        entry.seconds.map(durationText) ?? "> \(Int(HMCOSReference.timeLimitSeconds)) s",
        problem.rows[.hmcos].map { durationText($0.time.minimum) } ?? "–", durationText(seconds),
        entry.seconds.map { timesText($0 / seconds) }
          ?? "> " + timesText(HMCOSReference.timeLimitSeconds / seconds),
      ])
    }
    return table.text
  }

  private var claims: String {
    let ratios = SchedulerRatios(problems: problems)
    var table = MarkdownTable(
      text: ["", "published", "reference code", "`hmcos`, ours", "`exact`"], numbers: [])
    let reference = problems.compactMap { problem -> Double? in
      guard let entry = HMCOSReference.entries[problem.network], let peak = entry.peakBytes else {
        return nil
      }
      return 1 - Double(peak) / Double(entry.reversePostOrderBytes)
    }
    table.append([
      "peak lower than reverse post-order by", "8.7 % to 42.4 %", rangeText(reference),
      rangeText(ratios.savings(of: .hmcos, against: .rpo)),
      rangeText(ratios.savings(of: .exact, against: .rpo)),
    ])
    table.append([
      "scheduling faster than `serenity`, times", "137 to 283", "–",
      ratios.slowdownText(of: .serenity, against: .hmcos),
      ratios.slowdownText(of: .serenity, against: .exact),
    ])
    return table.text
  }

  private func bytes(_ count: Int?) -> String { count.map(NumberFormat.grouped) ?? "–" }
}
