import ComputationGraph
import Foundation
import Foundations
import MemoryPlanning
import TestSupport
import Testing

/// The scheduler with and without HiGHS.
@Suite struct FusionILPSchedulerTests {
  /// The standard places, and the environment of the test suite wherever the tests are started.
  static let candidates =
    HiGHSSolver.standardCandidates + [
      PythonEnvironment.packageRoot.path + "/.venv/lib/python3*/site-packages/highspy/libhighs.so*"
    ]
  static let hasSolver = (try? HiGHSSolver(candidates: candidates)) != nil

  /// A scheduler that finds the library.
  static func scheduler(ignoringBounds: Bool = false, maximumVariables: Int = 4_000) -> FusionILPScheduler {
    var scheduler = FusionILPScheduler(maximumVariables: maximumVariables)
    scheduler.libraryCandidates = candidates
    scheduler.ignoresBounds = ignoringBounds
    return scheduler
  }

  /// Checks order, peak and proof, and returns whether the optimum was proved.
  func check(_ schedule: Schedule, _ item: FusionCase) -> Bool {
    #expect(item.problem.graph.isValidOrder(schedule.order))
    #expect(schedule.profile.liveBytes == item.referee.trace(schedule.order))
    #expect(schedule.peak.bytes >= item.optimum)
    switch schedule.proof {
    case .optimal:
      #expect(schedule.peak.bytes == item.optimum)
      return true
    case .bound(let lower):
      #expect(lower <= item.optimum && lower < schedule.peak.bytes)
      return false
    case .heuristic:
      Issue.record("the scheduler knows a bound")
      return false
    }
  }

  static let needsSolver = Comment(
    "no HiGHS library: run Scripts/python-environment.sh, which installs highspy, or set TANDEM_HIGHS_LIBRARY"
  )

  @Test(.enabled(if: hasSolver, needsSolver), arguments: 0..<4)
  func findsTheOptimum(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(9_200 + seed))
    for round in 0..<400 {
      let item = try FusionCase(round: round, using: &generator)
      let schedule = try Self.scheduler().schedule(item.problem)
      #expect(schedule.scheduler == "fusion-ilp")
      #expect(check(schedule, item))
    }
  }

  /// From a poor order, fixed pairs must not rule out a better one, and programs have to find it.
  @Test(.enabled(if: hasSolver, needsSolver), arguments: 0..<4)
  func improvesPoorOrders(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(9_250 + seed))
    var scheduler = Self.scheduler()
    scheduler.startsPoorly = true
    var (programs, fixedPairs) = (0, 0)
    for round in 0..<250 {
      let item = try FusionCase(round: round, using: &generator)
      let (schedule, report) = try scheduler.reportedSchedule(item.problem)
      programs += report.programs
      fixedPairs += report.fixedPairs
      #expect(check(schedule, item))
    }
    #expect(programs > 10 && fixedPairs > 10)
  }

  /// The bound comes from another piece and is no multiple of the bytes of the piece that has to get better: one that
  /// stays below it must still be found.
  @Test(.enabled(if: hasSolver, needsSolver)) func boundsBetweenUnits() throws {
    var builder = GraphBuilder(name: "units")
    let x = builder.input("x", shape: [4])
    let y = builder.input("y", shape: [2])
    _ = builder.input("unused", shape: [8])
    let pooled = builder.addOpaque("MaxPool", [x, y], outputs: [[3]])[0]
    let view = builder.addOpaque("Identity", [x], outputs: [[4]])[0]
    let joined = builder.addOpaque("Concat", [pooled, view], outputs: [[3]], elementType: .float16)[0]
    let last = builder.addOpaque("Conv", [joined], outputs: [[50]], elementType: .float16)[0]
    let graph = try builder.build(outputs: [last])
    let workspace = [40, 0, 0, 0]
    let optimum = ExhaustiveSearch(graph: graph, workspaceBytes: workspace).optimum()
    #expect(optimum == 106)
    var scheduler = Self.scheduler()
    scheduler.startsPoorly = true
    let (schedule, report) = try scheduler.reportedSchedule(
      MemoryProblem(graph: graph, model: MemoryModel(workspaceBytes: workspace)))
    #expect(report.programs == 1)
    #expect(schedule.peak.bytes == optimum && schedule.proof == .optimal)
  }

  /// Every piece becomes a program, without bounds, without fixed pairs.
  @Test(.enabled(if: hasSolver, needsSolver), arguments: 0..<4)
  func programsFindTheOptimum(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(9_300 + seed))
    var programs = 0
    for round in 0..<120 {
      let item = try FusionCase(round: round, using: &generator)
      let (schedule, report) = try Self.scheduler(ignoringBounds: true).reportedSchedule(item.problem)
      programs += report.programs
      #expect(check(schedule, item))
    }
    #expect(programs > 50)
  }

  /// Larger graphs against the exact scheduler, some of them from a poor order.
  @Test(.enabled(if: hasSolver, needsSolver)) func agreesWithTheExactScheduler() throws {
    var generator = SeededGenerator(seed: 9_400)
    var programs = 0
    for round in 0..<60 {
      var scheduler = Self.scheduler()
      scheduler.startsPoorly = round % 3 == 0
      let graph =
        round % 3 < 2
        ? RandomGraphs.graph(
          operatorCount: Int.random(in: 15...(round % 3 == 0 ? 20 : 60), using: &generator),
          using: &generator)
        : RandomGraphs.cells(
          count: Int.random(in: 1...5, using: &generator),
          operatorsPerCell: Int.random(in: 4...13, using: &generator), using: &generator)
      let problem = MemoryProblem(
        graph: graph,
        model: MemoryModel(workspaceBytes: RandomGraphs.workspace(for: graph, using: &generator)))
      let (schedule, report) = try scheduler.reportedSchedule(problem)
      programs += report.programs
      let exact = try ExactScheduler().schedule(problem)
      #expect(schedule.proof == .optimal && exact.proof == .optimal)
      #expect(schedule.peak.bytes == exact.peak.bytes)
      #expect(try scheduler.schedule(problem).order == schedule.order)
    }
    #expect(programs > 3)
  }

  /// Without room for programs, or without time, there is still a valid order and a valid bound, and no library is
  /// asked for.
  @Test(arguments: [nil, 0, 1] as [Int?])
  func limitsAreKept(milliseconds: Int?) throws {
    var generator = SeededGenerator(seed: 9_500)
    var scheduler = FusionILPScheduler(maximumVariables: 0)
    scheduler.libraryCandidates = []
    var open = 0
    for round in 0..<300 {
      let item = try FusionCase(round: round, using: &generator)
      let limit = milliseconds.map { Duration.milliseconds($0) }
      let (schedule, report) = try scheduler.reportedSchedule(item.problem, timeLimit: limit)
      #expect(report.programs == 0)
      if !check(schedule, item) { open += 1 }
    }
    #expect(open > 0)
  }

  @Test func missingLibrary() throws {
    var generator = SeededGenerator(seed: 9_600)
    var scheduler = Self.scheduler(ignoringBounds: true)
    scheduler.libraryCandidates = ["/nonexistent/libhighs.so"]
    var refused = 0
    for round in 0..<40 {
      let item = try FusionCase(round: round, using: &generator)
      do throws(SchedulingError) {
        let (schedule, report) = try scheduler.reportedSchedule(item.problem)
        #expect(report.programs == 0)
        #expect(check(schedule, item))
      } catch {
        guard case .solverUnavailable(let reason) = error else { throw error }
        #expect(reason.contains("/nonexistent/libhighs.so"))
        #expect(error.description.contains("pip install highspy"))
        #expect(error.description.contains("TANDEM_HIGHS_LIBRARY"))
        refused += 1
      }
    }
    #expect(refused > 10)
    // A library of something else is refused as well.
    #expect(throws: SchedulingError.self) { try HiGHSSolver(candidates: ["libc.so.6"]) }
    #expect(throws: SchedulingError.self) { try HiGHSSolver(candidates: []) }
  }

  @Test(.enabled(if: hasSolver, needsSolver)) func versionIsKnown() throws {
    let solver = try HiGHSSolver(candidates: Self.candidates)
    #expect(solver.version.split(separator: ".").count == 3)
    #expect(!solver.path.contains("*"))
  }
}
