import BenchmarkSupport
import MemoryPlanning

/// Everything that one run measured, and how it was asked for.
struct ResultSet {
  /// How the run was asked for.
  struct Options {
    /// The folder of public graphs as given; nil if it was not there.
    let graphsFolder: String?
    let repeats: Int
    let timeLimitSeconds: Double
    let isQuick: Bool
  }

  let options: Options
  let schedulers: [SchedulerName]
  let rows: [Measurement]
  let rewritings: [RewritingMeasurement]
  let large: [LargeNetworkMeasurement]
  let soak: SoakRecord?
  let machine: Machine

  /// A network and the rules under which it was measured, with a row per scheduler.
  struct Problem {
    let network: String
    let origin: BenchmarkNetwork.Origin
    let operators: Int
    let rules: MemoryRules
    let rows: [SchedulerName: Measurement]

    /// The peak of a scheduler's order; nil where it has none.
    func peak(_ name: SchedulerName) -> Int? { rows[name]?.outcome?.peakBytes }
    /// The lowest peak found by anyone.
    var bestBytes: Int { rows.values.compactMap { $0.outcome?.peakBytes }.min() ?? 0 }
    /// Whether anyone proved that there is no lower one.
    var isProved: Bool { rows.values.contains { $0.outcome.map { $0.boundBytes == bestBytes } ?? false } }
    /// How far a scheduler's peak is above the lowest: 1 where it is the lowest.
    func ratio(_ name: SchedulerName) -> Double? {
      peak(name).map { bestBytes == 0 ? 1 : Double($0) / Double(bestBytes) }
    }
    /// The share of another order's peak that a scheduler's saves.
    func saving(of name: SchedulerName, against baseline: SchedulerName) -> Double? {
      guard let own = peak(name), let other = peak(baseline), other > 0 else { return nil }
      return 1 - Double(own) / Double(other)
    }
  }

  /// The problems in the order in which they were measured, of the given origins under the given rules.
  func problems(
    _ origins: [BenchmarkNetwork.Origin] = BenchmarkNetwork.Origin.allCases,
    _ rules: [MemoryRules] = MemoryRules.allCases
  ) -> [Problem] {
    allProblems.filter { origins.contains($0.origin) && rules.contains($0.rules) }
  }

  private let allProblems: [Problem]

  init(
    options: Options, schedulers: [SchedulerName], rows: [Measurement],
    rewritings: [RewritingMeasurement], large: [LargeNetworkMeasurement], soak: SoakRecord?, machine: Machine
  ) {
    self.options = options
    self.schedulers = schedulers
    self.rows = rows
    self.rewritings = rewritings
    self.large = large
    self.soak = soak
    self.machine = machine
    allProblems = stride(from: 0, to: rows.count, by: schedulers.count).map { start in
      let group = rows[start..<start + schedulers.count]
      let first = group[start]
      return Problem(
        network: first.network, origin: first.origin, operators: first.operators, rules: first.rules,
        rows: Dictionary(uniqueKeysWithValues: group.map { ($0.scheduler, $0) }))
    }
  }
}
