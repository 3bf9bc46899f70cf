import ComputationGraph
import Foundation
import Foundations
import MemoryPlanning
import TestSupport
import Testing

/// The verifier accepts what holds and names what does not.
@Suite struct ExactVerifierTests {
  static let problem: MemoryProblem = {
    var generator = SeededGenerator(seed: 5)
    return MemoryProblem(
      graph: RandomGraphs.cells(count: 3, operatorsPerCell: 6, using: &generator),
      model: MemoryModel(inPlace: false))
  }()

  /// A copy of `certificate` with other numbers.
  func forged(
    _ certificate: ExactCertificate, initialBytes: Int? = nil, operatorIndex: Int? = nil,
    raises: [ExactCertificate.Raise]? = nil, boundBytes: Int? = nil, peakBytes: Int? = nil
  ) -> ExactCertificate {
    let initial = certificate.initialBound
    return ExactCertificate(
      initialBound: ExactCertificate.InitialBound(
        bytes: initialBytes ?? initial.bytes, source: initial.source,
        operatorIndex: operatorIndex ?? initial.operatorIndex, operatorName: initial.operatorName,
        cuts: initial.cuts),
      raises: raises ?? certificate.raises, boundBytes: boundBytes ?? certificate.boundBytes,
      peakBytes: peakBytes ?? certificate.peakBytes)
  }

  @Test func forgeriesAreRefused() throws {
    let problem = Self.problem
    let (schedule, certificate) = try ExactScheduler().certifiedSchedule(problem)
    let initial = certificate.initialBound
    let name = initial.operatorName
    func verify(_ order: [OperatorID], _ claim: ExactCertificate) throws -> ExactVerifier.Verdict {
      try ExactVerifier.verify(order: order, certificate: claim, problem: problem)
    }
    _ = try verify(schedule.order, certificate)

    let peak = schedule.peak.bytes
    #expect(throws: CertificateViolation.peak(claimedBytes: peak - 1, foundBytes: peak)) {
      try verify(schedule.order, forged(certificate, peakBytes: peak - 1))
    }
    #expect(
      throws: CertificateViolation.initialBound(
        operatorName: name, claimedBytes: initial.bytes + 1, foundBytes: initial.bytes)
    ) {
      try verify(
        schedule.order, forged(certificate, initialBytes: initial.bytes + 1, boundBytes: initial.bytes + 1))
    }
    #expect(throws: CertificateViolation.unknownOperator(index: 999)) {
      try verify(schedule.order, forged(certificate, operatorIndex: 999))
    }
    #expect(throws: CertificateViolation.raises(index: certificate.raises.count)) {
      try verify(schedule.order, forged(certificate, boundBytes: certificate.boundBytes - 1))
    }
    let gap = ExactCertificate.Raise(
      fromBytes: initial.bytes + 1, toBytes: initial.bytes + 2, closedStates: 1, committedOperators: 0)
    #expect(throws: CertificateViolation.raises(index: 0)) {
      try verify(schedule.order, forged(certificate, raises: [gap]))
    }
    let beyond = ExactCertificate.Raise(
      fromBytes: initial.bytes, toBytes: peak + 4, closedStates: 1, committedOperators: 0)
    #expect(throws: CertificateViolation.boundAbovePeak(boundBytes: peak + 4, peakBytes: peak)) {
      try verify(schedule.order, forged(certificate, raises: [beyond], boundBytes: peak + 4))
    }
  }

  @Test func wrongOrdersAreRefused() throws {
    let problem = Self.problem
    let (schedule, certificate) = try ExactScheduler().certifiedSchedule(problem)
    var orders = [Array(schedule.order.reversed()), Array(schedule.order.dropLast())]
    orders.append(schedule.order.dropLast() + [schedule.order[0]])
    orders.append(schedule.order.dropLast() + [OperatorID(12_345)])
    for order in orders {
      let expected = #expect(throws: SchedulingError.self) { try problem.evaluate(order) }
      let found = #expect(throws: CertificateViolation.self) {
        try ExactVerifier.verify(order: order, certificate: certificate, problem: problem)
      }
      guard case .order(let reason)? = found else {
        Issue.record("the order was not refused")
        continue
      }
      if order.count == schedule.order.count, order[0] == schedule.order[0] { #expect(reason == expected) }
    }
  }

  /// On every operator of random graphs the verifier's cut equals exhaustive search over sets, whichever is said to
  /// force the bound.
  @Test func boundsAgreeWithExhaustiveSearch() throws {
    var generator = SeededGenerator(seed: 6)
    for _ in 0..<150 {
      let graph = RandomGraphs.graph(
        operatorCount: Int.random(in: 1...10, using: &generator), using: &generator)
      let item = SchedulerPropertyTests.Case(graph, using: &generator)
      let (schedule, certificate) = try ExactScheduler().certifiedSchedule(item.problem)
      var highest = 0
      for id in graph.operatorIDs {
        let claim = forged(certificate, initialBytes: .max, operatorIndex: id.index, raises: [])
        let violation = #expect(throws: CertificateViolation.self) {
          try ExactVerifier.verify(order: schedule.order, certificate: claim, problem: item.problem)
        }
        guard case .initialBound(_, _, let found)? = violation else {
          Issue.record("a bound that no operator forces was accepted")
          continue
        }
        highest = max(highest, found)
      }
      #expect(highest == item.exhaustive.forcedPassage())
    }
  }
}
