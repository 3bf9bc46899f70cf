import ComputationGraph
import Devices
import Foundations
import Kernels

/// Measures the latency of planned networks by really running them.
///
/// A sample is one inference, or as many as fill the policy's minimum time, its input in the arena already and its output
/// left there. Weights and input are random but always the same: they change no kernel's path. Values are frozen through a
/// ``LatencyDatabase``: each workload is measured once per target.
public struct LatencyMeter: Sendable {
  /// How often a network is run.
  public let policy: MeasurementPolicy
  /// The machine, the BLAS and the number of threads that latencies are measured with.
  public let target: TargetFingerprint

  /// Creates a meter for this machine. - Precondition: `threads`, and the policy's repeats, are positive.
  public init(policy: MeasurementPolicy, threads: Int) {
    precondition(threads > 0 && policy.repeats > 0, "nothing to measure")
    self.policy = policy
    target = TargetFingerprint.current(threads: threads)
  }

  /// Creates a meter with a device's threads and measurement policy.
  public init(device: DeviceProfile) { self.init(policy: device.measurement, threads: device.threads) }

  /// The latency of a network: from the database, or measured now and frozen.
  ///
  /// - Returns: what the database holds afterwards, and whether a measurement was made for it.
  /// - Throws: `KernelError` if the network cannot be executed; the database's own errors.
  public func latency(of planned: PlannedNetwork, database: any LatencyDatabase) throws -> (
    statistics: LatencyStatistics, wasMeasured: Bool
  ) {
    if let stored = try database.latency(workload: planned.workloadKey, target: target.key) {
      return (stored, false)
    }
    let measured = try measure(planned)
    return (try database.freeze(measured, workload: planned.workloadKey, target: target), true)
  }

  /// Measures now, whatever any database holds.
  ///
  /// - Throws: `KernelError` if the network cannot be executed.
  public func measure(_ planned: PlannedNetwork) throws(KernelError) -> LatencyStatistics {
    let competitors = [try MeasuredNetwork(planned, threads: target.threads)]
    return try measure(competitors, by: policy)[0]
  }

  /// Measures several networks in turns, sample by sample, so that what else happens on the machine meets all alike.
  ///
  /// - Throws: `KernelError` if one cannot be executed.
  func measure(
    _ competitors: [MeasuredNetwork], by policy: MeasurementPolicy
  ) throws(KernelError) -> [LatencyStatistics] {
    let clock = ContinuousClock()
    func milliseconds(_ index: Int, runs: Int) throws(KernelError) -> Double {
      let subject = competitors[index]
      var time = Duration.zero
      var remaining = runs
      while remaining > 0 {
        // An input that the run overwrites is written anew while the clock stands.
        let together = subject.keepsInputs ? remaining : 1
        if !subject.keepsInputs { subject.fill() }
        let start = clock.now
        for _ in 0..<together { try subject.run() }
        time += clock.now - start
        remaining -= together
      }
      return time / .milliseconds(1)
    }
    var runs: [Int] = []
    for index in competitors.indices {
      var estimate = try milliseconds(index, runs: 1)
      for _ in 1..<max(policy.warmup, 1) { estimate = min(estimate, try milliseconds(index, runs: 1)) }
      runs.append(max(1, Int((policy.minimumSampleMilliseconds / max(estimate, 1e-4)).rounded(.up))))
    }
    var samples = [[Double]](repeating: [], count: competitors.count)
    for _ in 0..<policy.repeats {
      for index in competitors.indices {
        samples[index].append(try milliseconds(index, runs: runs[index]) / Double(runs[index]))
      }
    }
    return samples.map {
      LatencyStatistics(sampleMilliseconds: $0, warmup: policy.warmup, threads: target.threads)
    }
  }

  /// The time of every operator, in the order in which they run: the least of the policy's repeats.
  ///
  /// - Throws: `KernelError` if the network cannot be executed.
  public func profile(_ planned: PlannedNetwork) throws(KernelError) -> [OperatorLatency] {
    try profile(planned, in: MeasuredNetwork(planned, threads: target.threads))
  }

  /// The time of every operator of a network that is prepared already.
  func profile(
    _ planned: PlannedNetwork, in subject: MeasuredNetwork
  ) throws(KernelError) -> [OperatorLatency] {
    let times = try subject.executor.operatorMilliseconds(inputs: subject.inputs, repeats: policy.repeats)
    return planned.order.map { id in
      OperatorLatency(
        name: planned.graph[id].name, milliseconds: times[id.index],
        kernel: planned.schedules[id.index].description,
        workspaceBytes: planned.schedules[id.index].workspaceBytes(for: id, in: planned.graph))
    }
  }
}

/// The time of one operator in its network.
public struct OperatorLatency: Codable, Hashable, Sendable {
  /// The operator's name.
  public let name: String
  /// The least time measured, in milliseconds.
  public let milliseconds: Double
  /// Algorithm and tile: `im2colGEMM/4`.
  public let kernel: String
  /// Scratch memory in bytes.
  public let workspaceBytes: Int
}
