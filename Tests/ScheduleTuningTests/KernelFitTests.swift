import ComputationGraph
import Devices
import Foundation
import Foundations
import Kernels
import MemoryPlanning
import ScheduleTuning
import SearchSpaces
import Testing

/// Kernels fitted to a limit, with synthetic latencies: nothing here depends on how fast the machine is.
struct KernelFitTests {
  /// A random candidate of the stock space under `fit`, with its least plan.
  private struct Sample {
    let training: Graph
    let policy: SchedulingPolicy
    let least: PlannedNetwork
    let alignment: Int

    init(_ space: SearchSpace, _ generator: inout SeededGenerator) throws {
      let input = InputSpecification(channels: 1, height: 12, width: 12, classes: 10)
      while true {
        let candidate = space.sample(using: &generator)
        guard let graph = try? space.trainingGraph(for: candidate.architecture, input: input) else {
          continue
        }
        training = graph
        let scheduler = ["rpo", "hmcos", "exact"].randomElement(using: &generator)!
        policy = SchedulingPolicy(fusion: candidate.policy.fusion, scheduler: scheduler, rowTile: .fit)
        alignment = [1, 64, 1024].randomElement(using: &generator)!
        least = try NetworkPlanner.plan(
          NetworkPlanner.bound(training: graph, policy: policy), alignment: alignment)
        return
      }
    }

    /// The plan under a uniform row tile, and the schedules that it uses.
    func uniform(_ tile: RowTile) throws -> PlannedNetwork {
      var policy = policy
      policy.rowTile = tile
      return try NetworkPlanner.plan(
        NetworkPlanner.bound(training: training, policy: policy), alignment: alignment)
    }
  }

  /// A latency for every schedule of every operator.
  private struct Table {
    private var values: [[KernelSchedule: Double]]

    init(_ graph: Graph, _ generator: inout SeededGenerator) {
      let style = Int.random(in: 0...2, using: &generator)
      values = graph.operatorIDs.map { id in
        var row: [KernelSchedule: Double] = [:]
        for (index, option) in KernelSchedule.fittedOptions(for: id, in: graph).enumerated() {
          row[option] =
            switch style {
            case 0: .random(in: 0...1, using: &generator)
            case 1: Double.random(in: 1...3, using: &generator) / Double(index + 1)
            default: Double(Int.random(in: 1...3, using: &generator))
            }
        }
        return row
      }
    }

    func costs(_ fit: KernelFit) -> [OperatorID: [Double]] {
      Dictionary(
        uniqueKeysWithValues: fit.openChoices.map { id, options in (id, options.map { self[id, $0] }) })
    }

    subscript(id: OperatorID, schedule: KernelSchedule) -> Double { values[id.index][schedule]! }

    func cost(_ plan: PlannedNetwork) -> Double { cost(plan.graph, plan.schedules) }

    func cost(_ graph: Graph, _ schedules: [KernelSchedule]) -> Double {
      graph.operatorIDs.reduce(0) { $0 + self[$1, schedules[$1.index]] }
    }
  }

  private static let uniformTiles: [RowTile] = [.rows(1), .rows(2), .rows(4), .rows(8), .whole]

  private func stockSpace() throws -> SearchSpace {
    try SearchSpace.load(from: packageRoot.appending(path: "SearchSpaces/nasbench201.yaml"))
  }

  @Test func staysWithinTheLimitAndIsNeverSlowerThanAUniformTileThatFits() throws {
    let space = try stockSpace()
    var generator = SeededGenerator(seed: 91)
    var faster = 0
    var tightened = 0
    for _ in 0..<120 {
      let sample = try Sample(space, &generator)
      let table = Table(sample.least.graph, &generator)
      let uniforms = try Self.uniformTiles.map { try sample.uniform($0) }
      let range = sample.least.arena.arenaBytes...uniforms.map(\.arena.arenaBytes).max()!
      for limit in [range.lowerBound, .random(in: range, using: &generator), range.upperBound] {
        let fit = try KernelFit(sample.least, arenaLimitBytes: limit)
        let plan = try fit.plan(costs: table.costs(fit))
        #expect(plan.arena.arenaBytes <= limit)
        #expect(plan.policy == sample.policy && plan.trivialBound == sample.least.trivialBound)
        try PlanValidator.validate(plan.arena, graph: plan.graph, model: plan.model, order: plan.order)
        #expect(
          try plan.peak == MemoryProblem(graph: plan.graph, model: plan.model).evaluate(plan.order).peak)
        #expect(
          plan.graph.operatorIDs.allSatisfy {
            plan.model.workspaceBytes[$0.index]
              == plan.schedules[$0.index].workspaceBytes(for: $0, in: plan.graph)
          })

        let cost = table.cost(plan)
        let rivals = uniforms.filter { $0.arena.arenaBytes <= limit }.map(table.cost)
        #expect(rivals.allSatisfy { cost <= $0 + 1e-9 })
        if let best = rivals.min(), cost < best - 1e-9 { faster += 1 }
        tightened += try expectBestOfTheLeastOrder(plan, sample, table, limit: limit) ? 0 : 1

        let again = try KernelFit(sample.least, arenaLimitBytes: limit)
        let repeated = try again.plan(costs: table.costs(again))
        #expect(repeated.workloadKey == plan.workloadKey && repeated.arena == plan.arena)
      }
    }
    #expect(faster > 100, "fitting hardly ever pays: \(faster)")
    #expect(tightened > 5, "offsets never needed more than the live peak: \(tightened)")
  }

  /// Where the exact choice under the least order can be laid out within the limit, no plan may cost more. Returns
  /// whether it can.
  private func expectBestOfTheLeastOrder(
    _ plan: PlannedNetwork, _ sample: Sample, _ table: Table, limit: Int
  ) throws -> Bool {
    let graph = sample.least.graph
    let live = try MemoryProblem(graph: graph).evaluate(sample.least.order).liveBytes
    var schedules = sample.least.schedules
    for (step, id) in sample.least.order.enumerated() {
      schedules[id.index] = KernelSchedule.fittedOptions(for: id, in: graph)
        .filter { live[step] + $0.workspaceBytes(for: id, in: graph) <= limit }
        .min { table[id, $0] < table[id, $1] }!
    }
    let workspaceBytes = graph.operatorIDs.map { schedules[$0.index].workspaceBytes(for: $0, in: graph) }
    let arena = try GreedyBySizeAllocator().allocate(
      MemoryProblem(graph: graph, model: MemoryModel(workspaceBytes: workspaceBytes)),
      order: sample.least.order, alignment: sample.alignment)
    guard arena.arenaBytes <= limit else { return false }
    #expect(table.cost(plan) <= table.cost(graph, schedules) + 1e-9)
    return true
  }

  @Test func withoutALimitEveryOperatorGetsItsFastest() throws {
    let space = try stockSpace()
    var generator = SeededGenerator(seed: 92)
    for _ in 0..<20 {
      let sample = try Sample(space, &generator)
      let table = Table(sample.least.graph, &generator)
      let fit = try KernelFit(sample.least, arenaLimitBytes: 1 << 40)
      let plan = try fit.plan(costs: table.costs(fit))
      for id in plan.graph.operatorIDs {
        let options = KernelSchedule.fittedOptions(for: id, in: plan.graph)
        #expect(table[id, plan.schedules[id.index]] == options.map { table[id, $0] }.min())
      }
    }
  }

  /// The executor finds from the bytes that change how much of the arena is used.
  @Test func fittedPlansRunInTheirArena() throws {
    let space = try stockSpace()
    var generator = SeededGenerator(seed: 93)
    for _ in 0..<12 {
      let sample = try Sample(space, &generator)
      let table = Table(sample.least.graph, &generator)
      let most = try sample.uniform(.whole).arena.arenaBytes
      let limit = Int.random(
        in: sample.least.arena.arenaBytes...max(most, sample.least.arena.arenaBytes), using: &generator)
      let fit = try KernelFit(sample.least, arenaLimitBytes: limit)
      let plan = try fit.plan(costs: table.costs(fit))
      let weights = WeightValues.random(for: sample.training, using: &generator)
      let image = (0..<144).map { _ in Float.random(in: -1...1, using: &generator) }
      let executor = try plan.executor(
        weights: plan.inference.convert(weights), threads: 1, mode: .checked)
      let found = try executor.run(image)
      #expect(executor.measuredArenaBytes == plan.arena.arenaBytes)
      let expected = ReferenceExecutor.run(
        graph: sample.training, weights: weights, inputs: [sample.training.inputs[0]: image])[
          sample.training.outputs[0]]!
      let largest = expected.map(\.magnitude).max()!
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-4 * largest })
    }
  }

  /// Transformed weights are larger: where they are over the limit for weights, operators do without.
  @Test func weightsStayWithinTheirLimit() throws {
    let space = try stockSpace()
    var generator = SeededGenerator(seed: 94)
    var bound = 0
    for _ in 0..<40 {
      let sample = try Sample(space, &generator)
      let table = Table(sample.least.graph, &generator)
      let free = try KernelFit(sample.least, arenaLimitBytes: 1 << 40)
      let fastest = try free.plan(costs: table.costs(free))
      let stored = fastest.graph.storedWeightBytes(under: fastest.schedules)
      #expect(fastest.weightBytes == stored.reduce(0, +))
      let least = sample.least.weightBytes
      let limit = Int.random(in: least...max(least, fastest.weightBytes), using: &generator)
      let fit = try KernelFit(sample.least, arenaLimitBytes: 1 << 40, weightLimitBytes: limit)
      let plan = try fit.plan(costs: table.costs(fit))
      #expect(plan.weightBytes <= limit)
      #expect(table.cost(plan) >= table.cost(fastest) - 1e-9)
      #expect(table.cost(plan) <= table.cost(sample.least) + 1e-9)
      if plan.weightBytes < fastest.weightBytes { bound += 1 }
    }
    #expect(bound > 5)
  }

  @Test func optionsAreDistinctAndAscending() throws {
    let graph = try planned(cellNetwork(), fusion: .none, rowTile: .whole).graph
    func options(_ name: String) -> [String] {
      let id = OperatorID(graph.operators.firstIndex { $0.name == name }!)
      return KernelSchedule.fittedOptions(for: id, in: graph).map(\.description)
    }
    func tiles(_ algorithm: String, _ name: String) -> [String] {
      options(name).filter { $0.hasPrefix(algorithm) }.map { String($0.dropFirst(algorithm.count)) }
    }
    for name in ["left", "reduction", "right", "pool", "logits"] {
      let id = OperatorID(graph.operators.firstIndex { $0.name == name }!)
      let list = KernelSchedule.fittedOptions(for: id, in: graph)
      #expect(Set(list).count == list.count)
      #expect(list.allSatisfy { $0.applies(to: id, in: graph) })
      let bytes = list.map { $0.workspaceBytes(for: id, in: graph) }
      #expect(bytes == bytes.sorted())
    }
    #expect(options("left")[0] == "directInPlace")
    #expect(tiles("im2colGEMM", "left") == ["/1", "/2", "/4", "/8", ""])
    #expect(tiles("directPanel", "left") == ["/1", "/2", "/4", "/8", ""])
    // 12 rows: 6 rows of tiles, or 3.
    #expect(tiles("winograd2x2", "left") == ["/1", "/2", "/4", ""])
    #expect(tiles("winograd4x4", "left") == ["/1", "/2", ""])
    // 6 rows: a tile of 8 is the whole image. Stride 2: not Winograd's, and in place with channels side by side alone.
    #expect(tiles("im2colGEMM", "reduction") == ["/1", "/2", "/4", ""])
    #expect(tiles("winograd", "reduction").isEmpty)
    #expect(tiles("directInPlace", "reduction") == [""])
    #expect(options("right").prefix(3) == ["gemm1x1", "directInPlace", "directInPlace channels"])
    #expect(options("pool") == ["direct"])
    #expect(options("logits") == ["gemm", "dotProducts"])
  }

  /// A whole device: real measurements, stored, and found again.
  @Test func equalDatabasesGiveEqualPlans() throws {
    let graph = try cellNetwork()
    let policy = SchedulingPolicy(fusion: .activation, scheduler: "rpo", rowTile: .fit)
    let bounded = try NetworkPlanner.bound(training: graph, policy: policy)
    let least = try NetworkPlanner.plan(bounded, alignment: 64)
    func device(_ bytes: Int) -> DeviceProfile {
      DeviceProfile(
        name: "d", title: "", description: "", memoryBytes: bytes + 10, reservedBytes: 10,
        measurement: MeasurementPolicy(warmup: 1, repeats: 2, minimumSampleMilliseconds: 0))
    }
    let database = InMemoryLatencyDatabase()
    for bytes in [least.arena.arenaBytes, least.arena.arenaBytes + 3000, 1 << 20] {
      let first = try NetworkPlanner.plan(bounded, for: device(bytes), database: database)
      #expect(first.arena.arenaBytes <= bytes)
      let second = try NetworkPlanner.plan(bounded, for: device(bytes), database: database)
      #expect(second.arena == first.arena && second.schedules == first.schedules)
      #expect(second.order == first.order && second.workloadKey == first.workloadKey)
    }
    // What does not fit is planned with the smallest workspaces, and nothing is measured for it.
    struct NoDatabase: LatencyDatabase {
      func latency(workload: String, target: String) throws -> LatencyStatistics? {
        throw CancellationError()
      }
      func freeze(_ value: LatencyStatistics, workload: String, target: TargetFingerprint) throws
        -> LatencyStatistics
      { throw CancellationError() }
    }
    let small = try NetworkPlanner.plan(
      bounded, for: device(least.arena.arenaBytes - 1), database: NoDatabase())
    #expect(small.workloadKey == least.workloadKey)
    var uniform = policy
    uniform.rowTile = .rows(2)
    let other = try NetworkPlanner.bound(training: graph, policy: uniform)
    #expect(
      try NetworkPlanner.plan(other, for: device(1 << 20), database: NoDatabase()).workloadKey
        == NetworkPlanner.plan(other, alignment: 64).workloadKey)
  }
}
