import ComputationGraph
import Devices
import Kernels
import ScheduleTuning
import Testing

/// What is stored is what everybody sees; nothing here depends on how fast the machine is.
struct LatencyMeterTests {
  private let meter = LatencyMeter(
    policy: MeasurementPolicy(warmup: 1, repeats: 4, minimumSampleMilliseconds: 0.01), threads: 1)

  @Test func measuresOnceAndFreezes() throws {
    let database = InMemoryLatencyDatabase()
    let plan = try planned(cellNetwork())
    let first = try meter.latency(of: plan, database: database)
    let second = try meter.latency(of: plan, database: database)
    #expect(first.wasMeasured && !second.wasMeasured)
    #expect(first.statistics == second.statistics)
    #expect(first.statistics.repeats == 4 && first.statistics.warmup == 1 && first.statistics.threads == 1)
    #expect(first.statistics.minMilliseconds > 0)
    #expect(database.latency(workload: plan.workloadKey, target: meter.target.key) == first.statistics)
    #expect(try meter.latency(of: planned(cellNetwork(), rowTile: .rows(1)), database: database).wasMeasured)
  }

  @Test func knownValuesAreNotMeasured() throws {
    let database = InMemoryLatencyDatabase()
    let plan = try planned(cellNetwork())
    let known = LatencyStatistics(sampleMilliseconds: [123456], warmup: 0, threads: 1)
    _ = database.freeze(known, workload: plan.workloadKey, target: meter.target)
    let found = try meter.latency(of: plan, database: database)
    #expect(found.statistics == known && !found.wasMeasured)
    let other = LatencyMeter(policy: meter.policy, threads: 2)
    #expect(database.latency(workload: plan.workloadKey, target: other.target.key) == nil)
  }

  /// Another process may store its value between the look-up and the measurement's end: that one wins.
  @Test func theFirstStoredValueWins() throws {
    struct Race: LatencyDatabase {
      let winner = LatencyStatistics(sampleMilliseconds: [7], warmup: 0, threads: 1)
      func latency(workload: String, target: String) -> LatencyStatistics? { nil }
      func freeze(_ value: LatencyStatistics, workload: String, target: TargetFingerprint)
        -> LatencyStatistics
      {
        winner
      }
    }
    #expect(try meter.latency(of: planned(cellNetwork()), database: Race()).statistics == Race().winner)

    let database = InMemoryLatencyDatabase()
    let late = LatencyStatistics(sampleMilliseconds: [9], warmup: 0, threads: 1)
    #expect(database.freeze(Race().winner, workload: "w", target: meter.target) == Race().winner)
    #expect(database.freeze(late, workload: "w", target: meter.target) == Race().winner)
  }

  @Test func profilesEveryOperatorInOrder() throws {
    let plan = try planned(cellNetwork())
    let profile = try meter.profile(plan)
    #expect(profile.map(\.name) == plan.order.map { plan.graph[$0].name })
    #expect(profile.allSatisfy { $0.milliseconds >= 0 && $0.milliseconds.isFinite })
    #expect(profile.reduce(0) { $0 + $1.workspaceBytes } == plan.model.workspaceBytes.reduce(0, +))
    #expect(profile.first { $0.name == "left" }?.kernel == "im2colGEMM/2")
  }

  @Test func devicesSetThreadsAndPolicy() {
    let device = DeviceProfile(
      name: "d", title: "d", description: "d", memoryBytes: 1024, threads: 2,
      measurement: MeasurementPolicy(warmup: 2, repeats: 3, minimumSampleMilliseconds: 0))
    let meter = LatencyMeter(device: device)
    #expect(meter.policy == device.measurement && meter.target.threads == 2)
  }

  @Test func opaqueOperatorsCannotBeMeasured() throws {
    var builder = GraphBuilder(name: "opaque")
    let x = builder.input("x", shape: [1, 2])
    let y = builder.addOpaque("Softmax", [x], outputs: [[1, 2]])
    let plan = try planned(builder.build(outputs: y))
    #expect(throws: KernelError.self) { _ = try meter.measure(plan) }
  }
}
