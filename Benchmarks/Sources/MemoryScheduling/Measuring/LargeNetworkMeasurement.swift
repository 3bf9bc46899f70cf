import ComputationGraph
import MemoryPlanning
import TestSupport

/// One scheduler on a network of 10,000 operators, within a time limit.
struct LargeNetworkMeasurement {
  /// The time limit of each, as the target has it.
  static let timeLimitSeconds = 10.0

  let network: String
  let operators: Int
  let scheduler: SchedulerName
  let peakBytes: Int
  let boundBytes: Int
  let seconds: Double
  /// The most memory that the process has had until now.
  let processBytes: Int

  /// Runs `scheduler` once and has the referee check its peak.
  ///
  /// - Throws: ``MeasurementError`` if the referee disagrees or the bound is above the peak.
  static func measure(_ network: BenchmarkNetwork, _ scheduler: SchedulerName) throws
    -> LargeNetworkMeasurement
  {
    let problem = MemoryProblem(graph: network.graph)
    let start = ContinuousClock.now
    let schedule = try scheduler.scheduler.schedule(problem, timeLimit: .seconds(timeLimitSeconds))
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let bytes = ProcessMemory.peakBytes
    let row = "\(network.name), \(scheduler.rawValue)"
    guard PeakReferee(graph: network.graph).trace(schedule.order) == schedule.profile.liveBytes else {
      throw MeasurementError(row: row, reason: "the referee finds another peak")
    }
    let bound = schedule.boundBytes(problem)
    guard bound <= schedule.peak.bytes else {
      throw MeasurementError(row: row, reason: "the bound is above the peak")
    }
    return LargeNetworkMeasurement(
      network: network.name, operators: network.graph.operators.count, scheduler: scheduler,
      peakBytes: schedule.peak.bytes, boundBytes: bound, seconds: seconds, processBytes: bytes)
  }
}
