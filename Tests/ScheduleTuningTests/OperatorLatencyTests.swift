import ComputationGraph
import Devices
import Kernels
import ScheduleTuning
import Testing

/// Latencies of single operators: measured once, frozen, and found again whatever network the operator is in.
struct OperatorLatencyTests {
  private let meter = LatencyMeter(
    policy: MeasurementPolicy(warmup: 1, repeats: 3, minimumSampleMilliseconds: 0.01), threads: 1)

  private func convolution(_ name: String, in graph: Graph) -> OperatorID {
    OperatorID(graph.operators.firstIndex { $0.name == name }!)
  }

  /// Pinned as `WorkloadTests` pins networks; the digest is `sha256sum`'s.
  @Test func workloadsAreKeyedByOperatorAndSchedule() throws {
    var builder = GraphBuilder(name: "pinned")
    let x = builder.input("x", shape: [1, 2, 4, 4])
    let y = try builder.convolution(
      x, outputChannels: 3, window: Window2D(kernel: Size2D(3), padding: Padding2D(1)), bias: true)
    let graph = try builder.build(outputs: [y])
    let schedule = KernelSchedule(algorithm: .im2colGEMM, rowTile: 2)
    let workload = Workload(of: OperatorID(0), in: graph, by: schedule)
    #expect(
      workload.text == """
        tandem operator workload 3
        convolution 3x3 stride 1 1 padding 1 1 1 1 dilation 1 1 groups 1 in none out none by im2colGEMM/2: \
        0 activation float32 1×2×4×4, 1 weight float32 3×2×3×3, 2 weight float32 3 -> \
        3 activation float32 1×3×4×4

        """)
    #expect(workload.key == "62aba388795322b3b8eeaf9846a1ff2e91de44211859af53eb4a25c1a430dc3b")
    let other = KernelSchedule(algorithm: .im2colGEMM, rowTile: 1)
    #expect(Workload(of: OperatorID(0), in: graph, by: other).key != workload.key)
    #expect(try planned(graph).workloadKey != workload.key)
  }

  @Test func eachScheduleIsMeasuredOnceAndFrozen() throws {
    let database = InMemoryLatencyDatabase()
    let graph = try planned(cellNetwork()).graph
    let id = convolution("left", in: graph)
    let options = KernelSchedule.fittedOptions(for: id, in: graph)
    let first = try meter.latencies(of: id, in: graph, under: options, database: database)
    #expect(first.count == options.count)
    #expect(first.allSatisfy { $0.minMilliseconds > 0 && $0.threads == 1 && $0.repeats == 3 })
    #expect(try meter.latencies(of: id, in: graph, under: options, database: database) == first)
    let reversed = try meter.latencies(of: id, in: graph, under: options.reversed(), database: database)
    #expect(reversed == first.reversed())

    // The same operator of another network, under other names.
    let twin = try planned(cellNetwork(prefix: "other")).graph
    let found = try meter.latencies(
      of: convolution("otherleft", in: twin), in: twin, under: options, database: database)
    #expect(found == first)
  }

  @Test func onlyWhatIsMissingIsMeasured() throws {
    let database = InMemoryLatencyDatabase()
    let graph = try planned(cellNetwork()).graph
    let id = convolution("left", in: graph)
    let options = KernelSchedule.fittedOptions(for: id, in: graph)
    let known = LatencyStatistics(sampleMilliseconds: [123_456], warmup: 0, threads: 1)
    _ = database.freeze(
      known, workload: Workload(of: id, in: graph, by: options[1]).key, target: meter.target)
    let found = try meter.latencies(of: id, in: graph, under: options, database: database)
    #expect(found[1] == known)
    #expect(found[0] != known && found[2] != known)
    // Another number of threads is another target.
    let parallel = LatencyMeter(policy: meter.policy, threads: 2)
    let others = try parallel.latencies(of: id, in: graph, under: options, database: database)
    #expect(others.allSatisfy { $0.threads == 2 } && others[1] != known)
  }

  /// Another process may store its value between the look-up and the measurement's end: that one wins.
  @Test func theFirstStoredValueWins() throws {
    struct Race: LatencyDatabase {
      let winner = LatencyStatistics(sampleMilliseconds: [7], warmup: 0, threads: 1)
      func latency(workload: String, target: String) -> LatencyStatistics? { nil }
      func freeze(_ value: LatencyStatistics, workload: String, target: TargetFingerprint)
        -> LatencyStatistics
      { winner }
    }
    let graph = try planned(cellNetwork()).graph
    let id = convolution("left", in: graph)
    let options = KernelSchedule.fittedOptions(for: id, in: graph)
    let found = try meter.latencies(of: id, in: graph, under: options, database: Race())
    #expect(found == options.map { _ in Race().winner })
  }

  @Test func operatorsWithSeveralInputsCanBeMeasured() throws {
    let graph = try planned(cellNetwork()).graph
    let sum = convolution("sum", in: graph)
    let found = try meter.latencies(
      of: sum, in: graph, under: [KernelSchedule(algorithm: .direct)], database: InMemoryLatencyDatabase())
    #expect(found[0].minMilliseconds > 0)
  }

  @Test func opaqueOperatorsCannotBeMeasured() throws {
    var builder = GraphBuilder(name: "opaque")
    let x = builder.input("x", shape: [1, 2])
    let y = builder.addOpaque("Softmax", [x], outputs: [[1, 2]])
    let graph = try builder.build(outputs: y)
    #expect(throws: KernelError.self) {
      _ = try meter.latencies(
        of: OperatorID(0), in: graph, under: [KernelSchedule(algorithm: .direct)],
        database: InMemoryLatencyDatabase())
    }
  }

  @Test func shortPoliciesStayShort() {
    let long = LatencyMeter(policy: MeasurementPolicy(), threads: 1).operatorPolicy
    #expect(long == MeasurementPolicy(warmup: 1, repeats: 5, minimumSampleMilliseconds: 0.2))
    #expect(meter.operatorPolicy == meter.policy)
  }
}
