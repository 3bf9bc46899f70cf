import BenchmarkSupport
import MemoryPlanning
import Reporting

/// Published figures beside what is measured here, and what could not be reproduced.
struct PublicationsSection {
  let results: ResultSet

  /// Headings, tables and remarks.
  var paragraphs: [String] {
    var paragraphs = [
      "## Beside published figures",
      """
      Figures marked *(recalled)* are quoted from memory and not checked against the paper's text. Everything else is measured by
      the run that wrote this page.
      """,
    ]
    paragraphs += HMCOSComparison(results: results).paragraphs
    paragraphs += SERENITYComparison(results: results).paragraphs
    paragraphs += FusionComparison(results: results).paragraphs
    return paragraphs
  }
}

/// Ratios of two schedulers' peaks and times over many problems.
struct SchedulerRatios {
  let problems: [ResultSet.Problem]

  /// The shares that `name` saves of the peak of `baseline`.
  func savings(of name: SchedulerName, against baseline: SchedulerName) -> [Double] {
    problems.compactMap { $0.saving(of: name, against: baseline) }
  }

  /// The geometric mean of the peaks of `baseline` over those of `name`; nil where there is nothing to compare.
  func meanPeakRatio(of baseline: SchedulerName, to name: SchedulerName) -> Double? {
    let ratios = savings(of: name, against: baseline).map { 1 / (1 - $0) }
    return ratios.isEmpty ? nil : geometricMean(ratios)
  }

  /// How many times longer `slow` takes than `fast`, by medians.
  func slowdowns(of slow: SchedulerName, against fast: SchedulerName) -> [Double] {
    problems.compactMap { problem in
      guard let slow = problem.rows[slow], let fast = problem.rows[fast], slow.outcome != nil,
        fast.outcome != nil
      else { return nil }
      return slow.time.median / fast.time.median
    }
  }

  /// The range and geometric mean of ``slowdowns(of:against:)`` in words.
  func slowdownText(of slow: SchedulerName, against fast: SchedulerName) -> String {
    let ratios = slowdowns(of: slow, against: fast)
    guard let spread = Spread(ratios) else { return "–" }
    return
      "\(timesText(spread.minimum)) to \(timesText(spread.maximum)), mean \(timesText(geometricMean(ratios)))"
  }
}
