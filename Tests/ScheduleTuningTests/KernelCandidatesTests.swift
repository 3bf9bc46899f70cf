import ComputationGraph
import Devices
import Foundations
import Kernels
import ScheduleTuning
import SearchSpaces
import Testing

/// Plans under `fit` from tuning records, with made-up latencies.
struct KernelCandidatesTests {
  private let policy = SchedulingPolicy(fusion: .activation, scheduler: "rpo", rowTile: .fit)

  private func device(_ bytes: Int) -> DeviceProfile {
    DeviceProfile(name: "test", title: "", description: "", memoryBytes: bytes)
  }

  /// Every schedule of every operator of a network, with a made-up latency.
  private func tuned(_ graph: Graph, seed: UInt64) throws -> InMemoryLatencyDatabase {
    let database = InMemoryLatencyDatabase()
    var generator = SeededGenerator(seed: seed)
    for id in graph.operatorIDs {
      let workload = try OperatorWorkload(of: id, in: graph)
      database.store(
        ScheduleSpace(of: workload, threads: 1).schedules.map { schedule in
          TuningRecord(
            workload: workload.key, schedule: schedule,
            features: ScheduleFeatures(of: schedule, for: workload),
            outcome: Int.random(in: 0..<8, using: &generator) == 0
              ? .failed(reason: "made up")
              : .measured(
                LatencyStatistics(
                  sampleMilliseconds: [.random(in: 1...9, using: &generator)], warmup: 0, threads: 1)))
        }, target: TargetFingerprint.current(threads: 1))
    }
    return database
  }

  @Test func theFastestOfAllRecordsWinWhereMemoryAllows() throws {
    let bounded = try NetworkPlanner.bound(training: cellNetwork(), policy: policy)
    let graph = bounded.graph
    for seed in 0..<10 {
      let database = try tuned(graph, seed: UInt64(seed))
      let plan = try NetworkPlanner.plan(bounded, for: device(1 << 30), database: database)
      for id in graph.operatorIDs {
        let records = try database.tuningRecords(
          workload: OperatorWorkload(of: id, in: graph).key, target: TargetFingerprint.current(threads: 1).key
        )
        guard ScheduleSpace(of: try OperatorWorkload(of: id, in: graph), threads: 1).schedules.count > 1
        else {
          continue
        }
        let best = records.compactMap(\.milliseconds).min()
        let chosen = records.first { $0.schedule == plan.schedules[id.index] }
        #expect(chosen?.milliseconds == best, "\(graph[id].name)")
      }
    }
  }

  @Test func plansKeepTheLimitAndRepeat() throws {
    let bounded = try NetworkPlanner.bound(training: cellNetwork(), policy: policy)
    let least = try NetworkPlanner.plan(bounded, alignment: 64).arena.arenaBytes
    var generator = SeededGenerator(seed: 8)
    var schedules: Set<[KernelSchedule]> = []
    for seed in 0..<10 {
      let database = try tuned(bounded.graph, seed: UInt64(seed))
      let limit = Int.random(in: least...3 * least, using: &generator)
      let plan = try NetworkPlanner.plan(bounded, for: device(limit), database: database)
      #expect(plan.arena.arenaBytes <= limit)
      let again = try NetworkPlanner.plan(bounded, for: device(limit), database: database)
      #expect(again.workloadKey == plan.workloadKey)
      schedules.insert(plan.schedules)
    }
    #expect(schedules.count > 5)
  }

  @Test func operatorsWithoutRecordsHaveTheFixedChoices() throws {
    let graph = try planned(cellNetwork()).graph
    let meter = LatencyMeter(policy: MeasurementPolicy(), threads: 1)
    let untouched = try KernelCandidates(meter: meter, database: InMemoryLatencyDatabase()).options(in: graph)
    #expect(
      untouched == graph.operatorIDs.map { KernelSchedule.fittedOptions(for: $0, in: graph, threads: 1) })
    // Records of another target are none.
    let database = try tuned(graph, seed: 1)
    let other = LatencyMeter(policy: MeasurementPolicy(), threads: 2)
    #expect(
      try KernelCandidates(meter: other, database: database).options(in: graph)
        == graph.operatorIDs.map { KernelSchedule.fittedOptions(for: $0, in: graph, threads: 2) })
  }

  /// Nothing is kept that costs more in every respect than something else, but for the uniform choices.
  @Test func candidatesAreAFront() throws {
    let graph = try planned(cellNetwork()).graph
    let database = try tuned(graph, seed: 3)
    let meter = LatencyMeter(policy: MeasurementPolicy(), threads: 1)
    let candidates = KernelCandidates(meter: meter, database: database)
    for (id, options) in zip(graph.operatorIDs, try candidates.options(in: graph)) {
      let least = KernelSchedule.leastOption(for: id, in: graph, threads: 1)
      #expect(options.contains(least) && Set(options).count == options.count)
      let bytes = options.map { $0.workspaceBytes(for: id, in: graph) }
      #expect(bytes == bytes.sorted())
      let uniform = KernelSchedule.fittedRowTiles.map {
        KernelSchedule.choose(for: id, in: graph, rowTile: $0, threads: 1)
      }
      let own = options.filter { !uniform.contains($0) && $0 != least }
      let milliseconds = try candidates.milliseconds(of: id, in: graph, under: own)
      for (i, schedule) in own.enumerated() {
        for (j, other) in own.enumerated() where i != j {
          #expect(
            milliseconds[i] < milliseconds[j]
              || schedule.workspaceBytes(for: id, in: graph) < other.workspaceBytes(for: id, in: graph)
              || (schedule.packedWeightBytes(for: id, in: graph) ?? 0)
                < (other.packedWeightBytes(for: id, in: graph) ?? .max)
              || schedule.packedWeightBytes(for: id, in: graph) == nil)
        }
      }
    }
  }
}
