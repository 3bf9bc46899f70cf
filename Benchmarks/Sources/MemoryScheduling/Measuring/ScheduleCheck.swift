import ComputationGraph
import MemoryPlanning
import TestSupport

/// Turns a schedule into figures, after checking it without trusting the scheduler.
enum ScheduleCheck {
  /// The figures of a schedule.
  ///
  /// - Throws: ``MeasurementError`` if the order is not valid, the live-peak referee or the plan validator (neither of
  ///   which shares code with the planner) disagrees, or a certificate does not hold.
  static func outcome(
    _ schedule: Schedule, certificate: ExactCertificate?, problem: MemoryProblem, rules: MemoryRules,
    label: String
  ) throws -> Measurement.Outcome {
    func failure(_ reason: String) -> MeasurementError { MeasurementError(row: label, reason: reason) }
    guard problem.graph.isValidOrder(schedule.order) else { throw failure("the order is not valid") }
    let referee = PeakReferee(
      graph: problem.graph, inPlace: rules != .separate, firstOperandOnly: rules == .hmcos)
    let trace = referee.trace(schedule.order)
    guard trace == schedule.profile.liveBytes else {
      throw failure("the referee finds a peak of \(trace.max() ?? 0) bytes, not \(schedule.peak.bytes)")
    }
    let bound = schedule.boundBytes(problem)
    guard bound <= schedule.peak.bytes else {
      throw failure("the bound of \(bound) bytes is above the peak of \(schedule.peak.bytes)")
    }
    if let certificate {
      do {
        _ = try ExactVerifier.verify(order: schedule.order, certificate: certificate, problem: problem)
      } catch { throw failure("the certificate does not hold: \(error)") }
    }
    let arenas = try [1, 64].map { alignment in
      let plan = try ArenaAllocator().allocate(problem, order: schedule.order, alignment: alignment)
      do {
        try PlanValidator.validate(
          plan, graph: problem.graph, model: problem.model, order: schedule.order)
      } catch { throw failure("the arena plan does not hold: \(error)") }
      guard plan.arenaBytes >= schedule.peak.bytes else {
        throw failure("the arena of \(plan.arenaBytes) bytes is smaller than the peak")
      }
      return plan.arenaBytes
    }
    return Measurement.Outcome(
      peakBytes: schedule.peak.bytes, boundBytes: bound, arenaBytes: arenas[0], alignedArenaBytes: arenas[1],
      certificate: certificate)
  }

  /// Checks the rows of one network under one memory model against each other and against a known optimum.
  ///
  /// - Throws: ``MeasurementError`` naming the first row that claims less than what is proved.
  static func compare(_ rows: [Measurement], provedOptimum: Int?) throws {
    let found = rows.compactMap { row in row.outcome.map { (row: row, outcome: $0) } }
    guard let strongest = found.max(by: { $0.outcome.boundBytes < $1.outcome.boundBytes }) else { return }
    for (row, outcome) in found {
      if outcome.peakBytes < strongest.outcome.boundBytes {
        throw MeasurementError(
          row: row.label,
          reason: "the peak of \(outcome.peakBytes) bytes is below the bound of "
            + "\(strongest.outcome.boundBytes) that \(strongest.row.scheduler.rawValue) proves")
      }
      guard let provedOptimum else { continue }
      if outcome.peakBytes < provedOptimum {
        throw MeasurementError(
          row: row.label,
          reason: "the peak of \(outcome.peakBytes) bytes is below the known optimum of \(provedOptimum)")
      }
      if row.scheduler == .exact, outcome.peakBytes > provedOptimum {
        throw MeasurementError(
          row: row.label,
          reason: "the peak of \(outcome.peakBytes) bytes is above the known optimum of \(provedOptimum)")
      }
    }
  }
}
