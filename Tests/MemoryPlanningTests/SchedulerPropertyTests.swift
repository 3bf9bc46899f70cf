import ComputationGraph
import Foundations
import MemoryPlanning
import TestSupport
import Testing

/// Every scheduler against two independent oracles on thousands of random graphs.
@Suite struct SchedulerPropertyTests {
  /// One random problem with its oracles.
  struct Case {
    let problem: MemoryProblem
    let referee: PeakReferee
    let exhaustive: ExhaustiveSearch

    init(_ graph: Graph, using generator: inout SeededGenerator) {
      let model = MemoryModel(
        inPlace: Int.random(in: 0..<4, using: &generator) > 0,
        views: Int.random(in: 0..<4, using: &generator) > 0,
        workspaceBytes: Bool.random(using: &generator)
          ? [] : RandomGraphs.workspace(for: graph, using: &generator))
      problem = MemoryProblem(graph: graph, model: model)
      referee = PeakReferee(
        graph: graph, views: model.views, inPlace: model.inPlace, workspaceBytes: model.workspaceBytes)
      exhaustive = ExhaustiveSearch(
        graph: graph, views: model.views, inPlace: model.inPlace, workspaceBytes: model.workspaceBytes)
    }
  }

  /// Ratios of peaks to the optimum, gathered over many graphs.
  struct Ratios {
    var count = 0
    var optimal = 0
    var sum = 0.0
    var worst = 1.0

    mutating func add(_ peak: Int, optimum: Int) {
      count += 1
      if peak == optimum { optimal += 1 }
      let ratio = optimum == 0 ? 1 : Double(peak) / Double(optimum)
      sum += ratio
      worst = max(worst, ratio)
    }
  }

  /// Checks every scheduler on `problem` and returns the peaks by scheduler and the optimum.
  func check(_ item: Case) throws -> (peaks: [SchedulerName: Int], optimum: Int) {
    let optimum = item.exhaustive.optimum()
    let bound = MemoryBound.trivial(item.problem)
    #expect(bound.bytes <= optimum)
    // Without orders every operator gets its cut; orders only spare cuts that cannot matter.
    let passage = MemoryBound.forcedPassage(item.problem, orders: [])
    #expect(passage.bytes == item.exhaustive.forcedPassage())
    #expect(passage.bytes >= bound.bytes && passage.bytes <= optimum)
    let order = item.problem.graph.kahnOrder()
    #expect(MemoryBound.forcedPassage(item.problem, orders: [order]).bytes == passage.bytes)
    #expect(MemoryBound.forcedPassage(item.problem, orders: [order], maximumCuts: 1).bytes <= passage.bytes)
    var peaks: [SchedulerName: Int] = [:]
    for name in SchedulerName.allCases {
      let schedule = try name.scheduler.schedule(item.problem)
      #expect(schedule.scheduler == name.rawValue)
      #expect(item.problem.graph.isValidOrder(schedule.order))
      #expect(schedule.profile.liveBytes == item.referee.trace(schedule.order))
      #expect(schedule.peak.bytes == item.referee.peak(schedule.order))
      #expect(schedule.peak.bytes >= optimum)
      #expect(try name.scheduler.schedule(item.problem).order == schedule.order)
      switch schedule.proof {
      case .optimal: #expect(schedule.peak.bytes == optimum)
      case .bound(let lower): #expect(lower <= optimum && lower < schedule.peak.bytes)
      case .heuristic: break
      }
      peaks[name] = schedule.peak.bytes
    }
    // With so few operators no limit of the search is reached, and its last round misses no solution.
    #expect(peaks[.hmcos]! == optimum)
    for name in [SchedulerName.serenity, .fusionILP, .exact] { #expect(peaks[name]! == optimum) }
    return (peaks, optimum)
  }

  @Test(arguments: 0..<8)
  func randomGraphs(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    var ratios: [SchedulerName: Ratios] = [:]
    for _ in 0..<750 {
      let count = Int.random(in: 0...11, using: &generator)
      let graph = RandomGraphs.graph(operatorCount: count, using: &generator)
      let (peaks, optimum) = try check(Case(graph, using: &generator))
      for (name, peak) in peaks { ratios[name, default: Ratios()].add(peak, optimum: optimum) }
    }
    try report(ratios, "random graphs")
  }

  @Test(arguments: 100..<104)
  func cellGraphs(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    var ratios: [SchedulerName: Ratios] = [:]
    for _ in 0..<150 {
      let cells = Int.random(in: 1...3, using: &generator)
      let graph = RandomGraphs.cells(
        count: cells, operatorsPerCell: Int.random(in: 2...(cells == 1 ? 12 : 12 / cells), using: &generator),
        using: &generator)
      let (peaks, optimum) = try check(Case(graph, using: &generator))
      for (name, peak) in peaks { ratios[name, default: Ratios()].add(peak, optimum: optimum) }
    }
    try report(ratios, "cells")
  }

  /// Starved of states and work, or with a deep hierarchy only, the search still gives a valid order that is not
  /// worse than reverse post-order.
  @Test(arguments: [(1, 1), (1, 20_000), (2, 1_000_000), (1024, 50_000)])
  func limitsAreKept(states: Int, work: Int) throws {
    var generator = SeededGenerator(seed: 77)
    let scheduler = HMCOSScheduler(maximumStatesPerLayer: states, maximumWork: work)
    for round in 0..<80 {
      let graph =
        round % 2 == 0
        ? RandomGraphs.graph(operatorCount: 60, using: &generator)
        : RandomGraphs.cells(count: 5, operatorsPerCell: 10, using: &generator)
      let problem = MemoryProblem(graph: graph)
      let schedule = try scheduler.schedule(problem)
      #expect(schedule.profile.liveBytes == PeakReferee(graph: graph).trace(schedule.order))
      #expect(schedule.peak.bytes <= (try ReversePostOrderScheduler().schedule(problem).peak.bytes))
      #expect(schedule.peak.bytes >= MemoryBound.forcedPassage(problem, orders: [schedule.order]).bytes)
    }
  }

  /// Reports the ratios and checks that the graphs are hard enough to tell schedulers apart.
  private func report(_ ratios: [SchedulerName: Ratios], _ what: String) throws {
    for (name, found) in ratios.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      print(
        "\(what): \(name.rawValue) optimal in \(found.optimal) of \(found.count), mean ratio",
        "\(found.sum / Double(found.count)), worst \(found.worst)")
    }
    let baseline = try #require(ratios[.rpo])
    #expect(baseline.sum > 1.05 * Double(baseline.count))
  }
}
