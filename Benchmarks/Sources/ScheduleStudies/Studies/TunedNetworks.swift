import BenchmarkSupport
import ComputationGraph
import Devices
import Kernels
import MemoryPlanning
import ScheduleTuning
import SearchSpaces

/// Networks with their operators tuned, to be planned and measured under several policies.
struct TunedNetworks {
  let networks: StudyNetworks
  let threads: Int
  let meter: LatencyMeter
  /// How many different operators were tuned.
  let workloadCount: Int
  private let database = InMemoryLatencyDatabase()

  /// Tunes every operator of the networks.
  init(_ networks: StudyNetworks, threads: Int, trials: Int) throws {
    self.networks = networks
    self.threads = threads
    meter = LatencyMeter(
      policy: MeasurementPolicy(warmup: 3, repeats: 15, minimumSampleMilliseconds: 0.5), threads: threads)
    let graphs = try networks.entries.map { try InferenceGraph($0.training, fusion: .activation).graph }
    let census = try WorkloadCensus(of: graphs, threads: threads)
    workloadCount = census.entries.count
    Progress.note("tuning \(workloadCount) operators, threads: \(threads)")
    let tuner = try ScheduleTuner(
      meter: OperatorMeter(threads: threads), database: database, options: TuningOptions(trials: trials))
    for entry in census.entries { _ = try tuner.tune(entry.workload) }
  }

  /// What is known of a network without running it.
  func estimate(of planned: PlannedNetwork) throws -> BlockTable.Estimate {
    try BlockTable(KernelCandidates(meter: meter, database: database)).estimate(of: planned)
  }

  /// A network under a policy; nil if it does not fit `arenaLimitBytes`.
  func plan(
    _ entry: StudyNetworks.Entry, _ rowTile: RowTile, arenaLimitBytes: Int = Int.max / 4
  ) throws -> PlannedNetwork? {
    let policy = SchedulingPolicy(
      fusion: .activation, scheduler: SchedulerName.hmcos.rawValue, rowTile: rowTile)
    let bounded = try NetworkPlanner.bound(training: entry.training, policy: policy, threads: threads)
    let device = DeviceProfile(
      name: "study", title: "", description: "", memoryBytes: arenaLimitBytes, threads: threads)
    let planned = try NetworkPlanner.plan(bounded, for: device, database: database)
    return planned.arena.arenaBytes <= arenaLimitBytes ? planned : nil
  }
}
