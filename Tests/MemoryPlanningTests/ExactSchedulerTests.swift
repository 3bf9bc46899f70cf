import ComputationGraph
import Foundations
import MemoryPlanning
import TestSupport
import Testing

/// The exact scheduler against exhaustive search, and within its limits.
@Suite struct ExactSchedulerTests {
  typealias Case = SchedulerPropertyTests.Case

  /// Checks order, optimum and certificate of one problem.
  func check(_ item: Case, _ scheduler: ExactScheduler, optimum: Int) throws -> ExactCertificate {
    let (schedule, certificate) = try scheduler.certifiedSchedule(item.problem)
    #expect(schedule.profile.liveBytes == item.referee.trace(schedule.order))
    #expect(schedule.peak.bytes == optimum)
    #expect(schedule.proof == .optimal)
    #expect(certificate.isOptimal && certificate.boundBytes == optimum)
    #expect(certificate.initialBound.bytes <= optimum)
    let verdict = try ExactVerifier.verify(
      order: schedule.order, certificate: certificate, problem: item.problem)
    #expect(verdict == (certificate.initialBound.bytes == optimum ? .optimal : .optimalByRecord))
    #expect(try scheduler.certifiedSchedule(item.problem).certificate == certificate)
    return certificate
  }

  /// With the scheduler's own bound, and with a search from nothing that has to find and raise every bound itself.
  @Test(arguments: 0..<8)
  func randomGraphs(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(1_000 + seed))
    var fromNothing = ExactScheduler()
    fromNothing.startBytes = 0
    var raised = 0
    for _ in 0..<1_100 {
      let count = Int.random(in: 0...12, using: &generator)
      let graph = RandomGraphs.graph(operatorCount: count, using: &generator)
      let item = Case(graph, using: &generator)
      let optimum = item.exhaustive.optimum()
      raised += try check(item, ExactScheduler(), optimum: optimum).raises.isEmpty ? 0 : 1
      _ = try check(item, fromNothing, optimum: optimum)
    }
    #expect(raised > 0)
  }

  @Test(arguments: 0..<4)
  func cellGraphs(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(2_000 + seed))
    var fromNothing = ExactScheduler()
    fromNothing.startBytes = 0
    for _ in 0..<100 {
      let graph = RandomGraphs.cells(
        count: 2, operatorsPerCell: Int.random(in: 3...7, using: &generator), using: &generator)
      let item = Case(graph, using: &generator)
      let optimum = item.exhaustive.optimum()
      _ = try check(item, ExactScheduler(), optimum: optimum)
      _ = try check(item, fromNothing, optimum: optimum)
    }
  }

  /// Graph inputs that nobody reads weigh on the first step only: the choice of the first operator matters.
  @Test func unusedInputs() throws {
    var generator = SeededGenerator(seed: 3_000)
    var decided = 0
    for _ in 0..<600 {
      let graph = RandomGraphs.graph(
        operatorCount: Int.random(in: 1...10, using: &generator), using: &generator)
      let tensors =
        graph.tensors + [Tensor(name: "unused", shape: [Int.random(in: 10...40, using: &generator)])]
      let padded = try Graph(
        name: "unused", tensors: tensors, operators: graph.operators,
        inputs: graph.inputs + [TensorID(graph.tensors.count)], outputs: graph.outputs)
      let item = Case(padded, using: &generator)
      #expect(item.problem.unusedInputBytes > 0)
      let certificate = try check(item, ExactScheduler(), optimum: item.exhaustive.optimum())
      if certificate.peakBytes > certificate.initialBound.bytes { decided += 1 }
    }
    #expect(decided > 0)
  }

  /// Starved of states, memory or time, the answer is a valid order with a valid bound.
  @Test(arguments: [0, 1, 5, 50])
  func limitsAreKept(states: Int) throws {
    var generator = SeededGenerator(seed: 4_000)
    var open = 0
    for round in 0..<150 {
      let graph =
        round % 2 == 0
        ? RandomGraphs.graph(operatorCount: 12, using: &generator)
        : RandomGraphs.cells(count: 2, operatorsPerCell: 6, using: &generator)
      let item = Case(graph, using: &generator)
      let optimum = item.exhaustive.optimum()
      let starved: [(ExactScheduler, timeLimit: Duration?)] = [
        (ExactScheduler(stateLimit: states), nil),
        (ExactScheduler(stateLimit: nil, memoryLimitBytes: states), nil), (ExactScheduler(), .zero),
      ]
      for (limited, timeLimit) in starved {
        var scheduler = limited
        if round % 3 > 0 { scheduler.startBytes = 0 }
        let (schedule, certificate) = try scheduler.certifiedSchedule(item.problem, timeLimit: timeLimit)
        #expect(schedule.profile.liveBytes == item.referee.trace(schedule.order))
        #expect(certificate.boundBytes <= optimum && certificate.peakBytes >= optimum)
        switch schedule.proof {
        case .optimal: #expect(schedule.peak.bytes == optimum)
        case .bound(let lower):
          open += 1
          #expect(lower <= optimum && lower >= certificate.boundBytes)
        case .heuristic: Issue.record("the exact scheduler always proves a bound")
        }
        _ = try ExactVerifier.verify(order: schedule.order, certificate: certificate, problem: item.problem)
      }
    }
    #expect(open > 0)
  }

  @Test(arguments: Genotype.all.indices, [true, false])
  func cellNetworks(genotype: Int, inPlace: Bool) throws {
    let graph = try PublishedNetworks.cifar(Genotype.all[genotype], cellsPerStage: 6, filters: 32)
    try checkProved(graph, MemoryModel(inPlace: inPlace))
  }

  @Test(arguments: 0..<4)
  func randomlyWiredNetworks(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    try checkProved(try PublishedNetworks.randWire(using: &generator), MemoryModel())
  }

  /// Schedules a network and checks that the optimum is proved and not above what the others find.
  func checkProved(_ graph: Graph, _ model: MemoryModel) throws {
    let problem = MemoryProblem(graph: graph, model: model)
    let (schedule, certificate) = try ExactScheduler().certifiedSchedule(problem)
    #expect(schedule.proof == .optimal)
    #expect(
      schedule.profile.liveBytes == PeakReferee(graph: graph, inPlace: model.inPlace).trace(schedule.order))
    #expect(
      try ExactVerifier.verify(order: schedule.order, certificate: certificate, problem: problem) != .feasible
    )
    for name in [SchedulerName.rpo, .kahn, .hmcos] {
      #expect(try name.scheduler.schedule(problem).peak.bytes >= schedule.peak.bytes)
    }
  }

  /// A search that is stopped early still gives an order that is better than the simple ones.
  @Test func stoppedSearchesCompleteWell() throws {
    var generator = SeededGenerator(seed: 3)
    let graph = try PublishedNetworks.randWire(using: &generator)
    let problem = MemoryProblem(graph: graph)
    let optimum = try ExactScheduler().schedule(problem)
    #expect(optimum.proof == .optimal)
    let (schedule, certificate) = try ExactScheduler(stateLimit: 200).certifiedSchedule(problem)
    #expect(schedule.proof == .bound(lowerBytes: certificate.boundBytes))
    #expect(certificate.boundBytes <= optimum.peak.bytes && optimum.peak.bytes <= schedule.peak.bytes)
    #expect(schedule.profile.liveBytes == PeakReferee(graph: graph).trace(schedule.order))
    #expect(schedule.peak.bytes < (try ReversePostOrderScheduler().schedule(problem).peak.bytes))
    #expect(schedule.peak.bytes < (try KahnScheduler().schedule(problem).peak.bytes))
  }

  /// Whatever the size or the shape, there is an answer in time.
  @Test(.timeLimit(.minutes(1)))
  func tenThousandOperators() throws {
    var generator = SeededGenerator(seed: 1)
    let cells = RandomGraphs.cells(count: 700, operatorsPerCell: 14, using: &generator)
    #expect(cells.operators.count >= 10_000)
    let problem = MemoryProblem(graph: cells)
    let clock = ContinuousClock()
    let start = clock.now
    let (schedule, certificate) = try ExactScheduler().certifiedSchedule(problem, timeLimit: .seconds(8))
    let seconds = (clock.now - start) / .seconds(1)
    print(
      "\(cells.operators.count) operators: peak \(certificate.peakBytes), bound \(certificate.boundBytes),",
      "\(certificate.expandedStates) states, \(seconds) s")
    #expect(seconds < 10)
    #expect(schedule.profile.liveBytes == PeakReferee(graph: cells).trace(schedule.order))
    #expect(certificate.boundBytes <= schedule.peak.bytes)
  }

  /// Thousands of operators that are ready at once.
  @Test(.timeLimit(.minutes(1)))
  func star() throws {
    var builder = GraphBuilder(name: "star")
    let image = builder.input("image", shape: [100])
    var ends: [TensorID] = []
    for width in 0..<1_000 {
      let middle = builder.addOpaque("Conv", [image], outputs: [[50 + width % 7]])[0]
      ends.append(builder.addOpaque("Conv", [middle], outputs: [[10 + width % 3]])[0])
    }
    let result = builder.addOpaque("Conv", ends, outputs: [[1]])[0]
    let problem = MemoryProblem(graph: try builder.build(outputs: [result]))
    let schedule = try ExactScheduler().schedule(problem, timeLimit: .seconds(5))
    #expect(problem.graph.isValidOrder(schedule.order))
    #expect(schedule.peak.bytes <= (try ReversePostOrderScheduler().schedule(problem).peak.bytes))
  }
}
