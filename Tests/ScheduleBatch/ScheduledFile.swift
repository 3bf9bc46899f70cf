import ComputationGraph
import Foundation
import Foundations
import MemoryPlanning
import ONNXInterchange
import Reporting
import TestSupport

/// One file scheduled as the command line does it, and every claim checked by other means.
struct ScheduledFile {
  /// A claim that a check disagrees with.
  struct Disagreement: Error {
    let message: String

    init(_ message: String) { self.message = message }
  }

  static let timeLimit = Duration.seconds(2)

  private let url: URL
  private let scheduled: ScheduledModel
  private let report: ScheduleReport
  private var problem: MemoryProblem { scheduled.problem }
  private var graph: Graph { scheduled.problem.graph }
  private var schedule: Schedule { scheduled.schedule }

  /// The line that is printed of a file.
  static func line(index: Int, url: URL) -> BatchLine {
    let start = ContinuousClock.now
    func line(_ outcome: BatchLine.Outcome, _ message: String? = nil) -> BatchLine {
      BatchLine(
        index: index, outcome: outcome, seconds: (ContinuousClock.now - start) / .seconds(1), message: message
      )
    }
    do {
      let file = try ScheduledFile(url: url)
      var line = line(.scheduled)
      do {
        try file.check()
        // The other schedulers are what most of the time would go to.
        if index % 20 == 0 { try file.checkOtherSchedulers() }
      } catch {
        line.outcome = .wrong
        line.message = (error as? Disagreement)?.message ?? "\(error)"
      }
      line.peakBytes = file.report.peakBytes
      line.order = file.report.order
      return line
    } catch let error as ONNXError {
      return line(.refused, "\(error)")
    } catch ModelSchedulingError.model(let error) {
      return line(.refused, "\(error)")
    } catch {
      // The graph of a file that was read can always be scheduled.
      return line(.wrong, "\(error)")
    }
  }

  private init(url: URL) throws {
    self.url = url
    scheduled = try ScheduledModel(
      ONNXModel.load(from: url), ScheduledModel.Request(timeLimit: Self.timeLimit))
    report = ScheduleReport(model: url.relativePath, scheduled)
    _ = try JSONFile.encode(scheduled.arena)
    _ = try JSONFile.encode(report)
    _ = report.table(profile: schedule.profile)
  }

  /// Checks the order, its peak and the bound against the referee, and the reordered file by reading it back.
  private func check() throws {
    let referee = PeakReferee(graph: graph)
    try expect(isValid(schedule.order), "the order is not valid")
    try expect(report.peakBytes, referee.peak(schedule.order), "the order's peak")
    try expect(report.lowerBoundBytes <= report.peakBytes, "the bound is above the peak")
    try expect(
      scheduled.arena.unpaddedArenaBytes >= report.peakBytes, "the arena is smaller than the live peak")
    if isValid(graph.operatorIDs) {
      try expect(report.baselinePeakBytes, referee.peak(graph.operatorIDs), "the peak of the file's order")
    } else {
      try expect(report.baselinePeakBytes, nil, "the peak of the file's invalid order")
    }

    let again = try ONNXModel(data: scheduled.reordered, source: "reordered").schedulingGraph().graph
    let before = schedule.order.map { describe($0, in: graph) }
    try expect(again.operatorIDs.map { describe($0, in: again) }, before, "the reordered file's operators")
    try expect(
      PeakReferee(graph: again).peak(again.operatorIDs), report.peakBytes, "the reordered file's peak")
    try expect(Set(report.order).count, graph.operators.count, "the number of operators in the order")
  }

  /// Checks that every scheduler ends soon, with a valid order, a peak that is right, and claims that hold beside
  /// those of `exact`.
  private func checkOtherSchedulers() throws {
    let referee = PeakReferee(graph: graph)
    for name in SchedulerName.allCases where name != .exact {
      let start = ContinuousClock.now
      let other: Schedule
      do throws(SchedulingError) {
        other = try name.scheduler.schedule(problem, timeLimit: .milliseconds(50))
      } catch {
        if case .solverUnavailable = error { continue }
        if name == .file, !isValid(graph.operatorIDs) { continue }
        throw error
      }
      try expect(ContinuousClock.now - start < .seconds(3), "\(name) takes no notice of its time limit")
      try expect(isValid(other.order), "the order of \(name) is not valid")
      try expect(other.peak.bytes, referee.peak(other.order), "the peak of \(name)")
      try expect(other.peak.bytes >= report.lowerBoundBytes, "\(name) is below the bound of exact")
      let bound =
        switch other.proof {
        case .optimal: other.peak.bytes
        case .bound(let lowerBytes): lowerBytes
        case .heuristic: 0
        }
      try expect(bound <= report.peakBytes, "the bound of \(name) is above the peak of exact")
    }
  }

  /// Whether every operator is there once, behind the producers of what it reads.
  private func isValid(_ order: [OperatorID]) -> Bool {
    var written = Set(graph.tensors.indices.filter { graph.tensors[$0].role == .weight }.map(TensorID.init))
    written.formUnion(graph.inputs)
    for id in order {
      guard written.isSuperset(of: graph[id].inputs) else { return false }
      written.formUnion(graph[id].outputs)
    }
    return order.count == graph.operators.count && Set(order).count == order.count
  }

  /// An operator without its name, which numbers may follow that depend on the file's order.
  private func describe(_ id: OperatorID, in graph: Graph) -> String {
    let names = [graph[id].inputs, graph[id].outputs].map { $0.map { graph[$0].name } }
    return "\(graph[id].kind.typeName) \(names)"
  }

  private func expect(_ condition: Bool, _ message: String) throws {
    if !condition { throw Disagreement(message) }
  }

  private func expect<Value: Equatable>(_ found: Value, _ expected: Value, _ what: String) throws {
    if found != expected { throw Disagreement("\(what): \(found), but the check finds \(expected)") }
  }
}
