import ComputationGraph
import Foundations
import MemoryPlanning
import TestSupport

/// Random graphs of at most 12 operators with every feature of the memory model, each tried against all its orders.
struct Soak {
  let schedulers: [SchedulerName]
  let seed: UInt64
  /// The time limit of a run.
  let timeLimit: Duration

  /// Something that a scheduler got wrong on one graph.
  struct Difference: CustomStringConvertible {
    let graph: Int
    let scheduler: SchedulerName
    let reason: String

    var description: String { "graph \(graph), \(scheduler.rawValue): \(reason)" }
  }

  /// What was found on many graphs.
  struct Tally {
    /// Graphs on which each scheduler claimed, or was found, to have the optimum.
    struct Count {
      var claimed = 0
      var reached = 0
    }
    var graphs = 0
    var counts: [SchedulerName: Count] = [:]
    var differences: [Difference] = []
  }

  /// Adds what is found on graph number `index` of the seed's sequence to `tally`.
  func run(_ index: Int, _ tally: inout Tally) throws {
    var generator = SeededGenerator(seed: seed, stream: UInt64(index))
    let item = RandomCase(&generator)
    let optimum = item.optimum
    tally.graphs += 1
    for name in schedulers {
      let schedule = try name.scheduler.schedule(item.problem, timeLimit: timeLimit)
      var count = tally.counts[name, default: Tally.Count()]
      if schedule.peak.bytes == optimum { count.reached += 1 }
      if schedule.proof == .optimal { count.claimed += 1 }
      tally.counts[name] = count
      if let reason = item.objection(to: schedule, optimum: optimum) {
        tally.differences.append(Difference(graph: index, scheduler: name, reason: reason))
      }
    }
  }
}

/// A random problem with two oracles that share no code with the planner.
private struct RandomCase {
  let problem: MemoryProblem
  private let referee: PeakReferee
  private let exhaustive: ExhaustiveSearch

  init(_ generator: inout SeededGenerator) {
    switch Int.random(in: 0..<4, using: &generator) {
    case 0:
      let graph = ConcatGraphs.graph(
        operatorCount: Int.random(in: 0...12, using: &generator), using: &generator)
      self.init(graph, ConcatGraphs.model(for: graph, using: &generator))
    case 1:
      // Two cells: their operators and Concats are 12 at most.
      let graph = RandomGraphs.cells(
        count: 2, operatorsPerCell: Int.random(in: 2...5, using: &generator), using: &generator)
      self.init(graph, Self.model(for: graph, &generator))
    default:
      let graph = RandomGraphs.graph(
        operatorCount: Int.random(in: 0...12, using: &generator), using: &generator)
      self.init(graph, Self.model(for: graph, &generator))
    }
  }

  private init(_ graph: Graph, _ model: MemoryModel) {
    problem = MemoryProblem(graph: graph, model: model)
    let first = model.inPlaceOperand == .firstOfEqualSize
    referee = PeakReferee(
      graph: graph, views: model.views, inPlace: model.inPlace, workspaceBytes: model.workspaceBytes,
      firstOperandOnly: first, elided: model.elidedConcats)
    exhaustive = ExhaustiveSearch(
      graph: graph, views: model.views, inPlace: model.inPlace, workspaceBytes: model.workspaceBytes,
      firstOperandOnly: first, elided: model.elidedConcats)
  }

  private static func model(for graph: Graph, _ generator: inout SeededGenerator) -> MemoryModel {
    MemoryModel(
      inPlace: Int.random(in: 0..<4, using: &generator) > 0,
      views: Int.random(in: 0..<4, using: &generator) > 0,
      workspaceBytes: Bool.random(using: &generator)
        ? [] : RandomGraphs.workspace(for: graph, using: &generator),
      inPlaceOperand: Int.random(in: 0..<4, using: &generator) > 0 ? .any : .firstOfEqualSize)
  }

  /// The lowest peak of all orders.
  var optimum: Int { exhaustive.optimum() }

  /// What is wrong with a schedule; nil if nothing is.
  func objection(to schedule: Schedule, optimum: Int) -> String? {
    guard problem.graph.isValidOrder(schedule.order) else { return "the order is not valid" }
    let trace = referee.trace(schedule.order)
    if trace != schedule.profile.liveBytes {
      return "the referee finds a peak of \(trace.max() ?? 0) bytes, not \(schedule.peak.bytes)"
    }
    if schedule.peak.bytes < optimum {
      return "the peak of \(schedule.peak.bytes) bytes is below the optimum of \(optimum)"
    }
    switch schedule.proof {
    case .optimal where schedule.peak.bytes != optimum:
      return "claims that \(schedule.peak.bytes) bytes are optimal; the optimum is \(optimum)"
    case .bound(let lowerBytes) where lowerBytes > optimum:
      return "claims a bound of \(lowerBytes) bytes; the optimum is \(optimum)"
    default: return nil
    }
  }
}
