import BenchmarkSupport
import MemoryPlanning
import Reporting

/// What was to be reached, and what was.
struct TargetsSection {
  let results: ResultSet

  private static let measure = "`memory-scheduling`"
  private static let soak = "`memory-scheduling soak`"

  /// Heading and table.
  var paragraphs: [String] {
    var table = MarkdownTable(text: ["target", "measured", "", "command"], numbers: [])
    for row in [proved, time, hmcosPeaks, exactAgainstHMCOS, randomGraphs, large, arenas] {
      table.append(row)
    }
    return [
      "## Targets", table.text,
      """
      `memory-scheduling` stands for `swift run -c release --package-path Benchmarks memory-scheduling`; `make memory-results`
      runs both commands.
      """,
    ]
  }

  /// The public graphs, with and without in-place.
  private var publicProblems: [ResultSet.Problem] {
    results.problems([.publicGraph, .hmcos], [.inPlace, .separate])
  }

  private var hmcosProblems: [ResultSet.Problem] { results.problems([.hmcos], [.hmcos]) }

  private func row(_ target: String, _ measured: String, _ isMet: Bool, _ command: String = measure)
    -> [String]
  { [target, measured, isMet ? "met" : "**missed**", command] }

  private func missing(_ target: String, _ command: String = measure) -> [String] {
    [target, "nothing", "not measured", command]
  }

  private var proved: [String] {
    let target =
      "`exact` proves the optimum on all public graphs, in-place and not; never above a known optimum"
    let problems = publicProblems
    if problems.isEmpty { return missing(target) }
    let count = problems.count { $0.rows[.exact]?.outcome?.isProved ?? false }
    let graphs = Set(problems.map { $0.origin.rawValue + $0.network }).count
    return row(
      target,
      "\(count) of \(problems.count) (\(graphs) graphs twice); a peak above a known optimum stops the run",
      count == problems.count)
  }

  private var time: [String] {
    let target = "time to the proof: median ≤ 3 ms, every graph ≤ 200 ms"
    let rows = publicProblems.compactMap { $0.rows[.exact] }
    guard let medians = Spread(rows.map(\.time.median)), let slowest = Spread(rows.map(\.time.maximum)) else {
      return missing(target)
    }
    let least = Spread(rows.map(\.time.minimum))!
    return row(
      target,
      "median over the graphs \(milliseconds(medians.median)) (of each graph's fastest run "
        + "\(milliseconds(least.median)), of its slowest \(milliseconds(slowest.median))); slowest graph "
        + "\(milliseconds(medians.maximum)) (its slowest run \(milliseconds(slowest.maximum)))",
      medians.median <= 0.003 && medians.maximum <= 0.2)
  }

  private var hmcosPeaks: [String] {
    let target = "our `hmcos`, in the reference's memory model: peak equal or lower than the reference's"
    let problems = hmcosProblems
    if problems.isEmpty { return missing(target) }
    let counts = problems.map { problem -> (isMet: Bool, isLower: Bool) in
      guard let peak = problem.peak(.hmcos), let entry = HMCOSReference.entries[problem.network] else {
        return (false, false)
      }
      let reference = entry.peakBytes ?? .max
      return (peak <= reference, peak < reference)
    }
    return row(
      target,
      "\(counts.count { $0.isMet }) of \(counts.count), lower (or the reference has none) on "
        + "\(counts.count { $0.isLower })", counts.allSatisfy(\.isMet))
  }

  private var exactAgainstHMCOS: [String] {
    let target =
      "`exact` against the reference HMCOS: never a higher peak, faster on every graph by its times"
    let problems = hmcosProblems
    if problems.isEmpty { return missing(target) }
    let counts = problems.map { problem -> (peak: Bool, time: Bool) in
      guard let row = problem.rows[.exact], let outcome = row.outcome,
        let entry = HMCOSReference.entries[problem.network]
      else { return (false, false) }
      return (
        outcome.peakBytes <= entry.peakBytes ?? .max,
        row.time.minimum < entry.seconds ?? HMCOSReference.timeLimitSeconds
      )
    }
    return row(
      target,
      "peak \(counts.count { $0.peak }) of \(counts.count), faster on \(counts.count { $0.time }) of "
        + "\(counts.count) (shortest run of either)",
      counts.allSatisfy { $0.peak && $0.time })
  }

  private var randomGraphs: [String] {
    let target =
      "random graphs (≥ 50,000, ≤ 12 operators): no difference from exhaustive search where optimality is claimed"
    guard let soak = results.soak else { return missing(target, Self.soak) }
    let differences = soak.schedulers.reduce(0) { $0 + $1.differences }
    let claims = soak.schedulers.map { "\($0.scheduler) \(NumberFormat.grouped($0.claimed))" }
    return row(
      target,
      "\(differences) differences on \(NumberFormat.grouped(soak.graphs)) graphs (seed \(soak.seed)); claimed by "
        + claims.joined(separator: ", "), differences == 0 && soak.graphs >= 50_000, Self.soak)
  }

  private var large: [String] {
    let target =
      "a cell network of 10,000 operators: proof, or order and bound, within 10 s and 1 GiB"
    let rows = results.large.filter { $0.scheduler == .exact }
    if rows.isEmpty { return missing(target) }
    let texts = rows.map { row in
      "\(row.network) (\(NumberFormat.grouped(row.operators)) operators): "
        + (row.peakBytes == row.boundBytes
          ? "proved"
          : "\(percentText(1 - Double(row.boundBytes) / Double(row.peakBytes))) between bound and peak")
        + ", \(durationText(row.seconds)), process at \(row.processBytes >> 20) MiB"
    }
    let isMet = rows.allSatisfy {
      $0.seconds <= LargeNetworkMeasurement.timeLimitSeconds && $0.processBytes <= 1 << 30
    }
    return row(target, texts.joined(separator: "; "), isMet)
  }

  private var arenas: [String] {
    let target = "arena / live peak of `exact`'s orders: 1.00 on ≥ 95 % of the graphs, never above 1.05"
    let outcomes = publicProblems.compactMap { $0.rows[.exact]?.outcome }
    guard let spread = Spread(outcomes.map(\.arenaRatio)),
      let aligned = Spread(outcomes.map(\.alignedArenaRatio))
    else { return missing(target) }
    let tight = outcomes.count { $0.arenaRatio == 1 }
    let alignedTight = outcomes.count { $0.alignedArenaRatio == 1 }
    return row(
      target,
      "1.00 on \(tight) of \(outcomes.count), at most \(ratioText(spread.maximum)); with offsets aligned to 64 bytes "
        + "\(alignedTight), at most \(ratioText(aligned.maximum))",
      Double(tight) >= 0.95 * Double(outcomes.count) && spread.maximum <= 1.05)
  }

  private func milliseconds(_ seconds: Double) -> String { NumberFormat.milliseconds(seconds * 1000) }
}
