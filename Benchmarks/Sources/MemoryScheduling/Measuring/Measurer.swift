import ComputationGraph
import MemoryPlanning

/// Runs every scheduler on every problem, several times, the repeats interleaved so that whatever else the machine
/// does hits all alike: each round visits all problems, and each problem's schedulers in a rotated order.
struct Measurer {
  let schedulers: [SchedulerName]
  /// Rounds; a pair of problem and scheduler takes part only while its runs together took less than
  /// ``repeatSeconds``.
  let repeats: Int
  /// The time limit of a run.
  let timeLimit: Duration
  /// Told what is about to be measured.
  let progress: (String) -> Void

  private let repeatSeconds = 2.0

  init(
    schedulers: [SchedulerName] = SchedulerName.allCases, repeats: Int, timeLimit: Duration,
    progress: @escaping (String) -> Void
  ) {
    self.schedulers = schedulers
    self.repeats = repeats
    self.timeLimit = timeLimit
    self.progress = progress
  }

  /// All rows, by problem and scheduler.
  ///
  /// - Throws: ``MeasurementError`` at the first row that does not stand up to the checks.
  func measure(_ networks: [BenchmarkNetwork]) throws -> [Measurement] {
    let problems = networks.flatMap { network in
      network.rules.map { rules in
        (network: network, rules: rules, problem: MemoryProblem(graph: network.graph, model: rules.model))
      }
    }
    var rows: [Measurement] = []
    var orders: [[OperatorID]?] = []
    for (index, item) in problems.enumerated() {
      progress("\(index + 1)/\(problems.count) \(item.network.name), \(item.rules.rawValue)")
      let first = rows.count
      for name in schedulers {
        let (row, order) = try firstRun(name, item.network, item.rules, item.problem)
        rows.append(row)
        orders.append(order)
      }
      try ScheduleCheck.compare(
        Array(rows[first...]), provedOptimum: item.network.provedOptima[item.rules])
    }
    // A run that a limit may have stopped is not repeated: its order may differ.
    let enough = min(repeatSeconds, timeLimit / .seconds(2))
    for round in stride(from: 1, to: repeats, by: 1) {
      progress("round \(round + 1) of \(repeats)")
      for (index, item) in problems.enumerated() {
        for position in schedulers.indices {
          let column = (position + round) % schedulers.count
          let row = index * schedulers.count + column
          guard rows[row].outcome != nil, rows[row].seconds.reduce(0, +) < enough else { continue }
          let run = try timed(schedulers[column], item.problem)
          rows[row].seconds.append(run.seconds)
          guard run.schedule.order == orders[row] else {
            throw MeasurementError(row: rows[row].label, reason: "another run gave another order")
          }
        }
      }
    }
    return rows
  }

  private func firstRun(
    _ name: SchedulerName, _ network: BenchmarkNetwork, _ rules: MemoryRules, _ problem: MemoryProblem
  ) throws -> (row: Measurement, order: [OperatorID]?) {
    var row = Measurement(
      network: network.name, origin: network.origin, operators: network.graph.operators.count, rules: rules,
      scheduler: name, outcome: nil, seconds: [])
    do {
      let run = try timed(name, problem)
      row = Measurement(
        network: row.network, origin: row.origin, operators: row.operators, rules: rules, scheduler: name,
        outcome: try ScheduleCheck.outcome(
          run.schedule, certificate: run.certificate, problem: problem, rules: rules, label: row.label),
        seconds: [run.seconds])
      return (row, run.schedule.order)
    } catch let error as SchedulingError where error.meansNoOrder(of: name) {
      progress("\(row.label): \(error)")
      row.seconds = [0]
      return (row, nil)
    }
  }

  private func timed(_ name: SchedulerName, _ problem: MemoryProblem) throws -> (
    schedule: Schedule, certificate: ExactCertificate?, seconds: Double
  ) {
    let start = ContinuousClock.now
    if name == .exact {
      let (schedule, certificate) = try ExactScheduler().certifiedSchedule(problem, timeLimit: timeLimit)
      return (schedule, certificate, (ContinuousClock.now - start) / .seconds(1))
    }
    let schedule = try name.scheduler.schedule(problem, timeLimit: timeLimit)
    return (schedule, nil, (ContinuousClock.now - start) / .seconds(1))
  }
}
