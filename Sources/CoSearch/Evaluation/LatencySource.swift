import ComputationGraph
import Devices
import Kernels
import ScheduleTuning

/// Where latencies come from: the same value whenever the same network, or the same operator, is asked about.
public protocol LatencySource: Sendable {
  /// The latency of one inference with the threads and the measurement policy of `device`.
  func latency(of network: PlannedNetwork, on device: DeviceProfile) throws(LatencySourceError)
    -> LatencyStatistics

  /// The latency of an operator by itself under each of some kernel schedules, in milliseconds, with the threads of
  /// `device`: what kernels are chosen by where a policy fits them to the device's memory.
  func operatorMilliseconds(
    of id: OperatorID, in graph: Graph, under schedules: [KernelSchedule], on device: DeviceProfile
  ) throws(LatencySourceError) -> [Double]

  /// The kernel schedules that each operator of a network in inference form can be given on `device`, by operator index,
  /// the smallest workspace first.
  func kernelCandidates(
    in graph: Graph, on device: DeviceProfile
  ) throws(LatencySourceError) -> [[KernelSchedule]]
}

extension LatencySource {
  /// The fixed choices: of a source that knows of no tuning.
  public func kernelCandidates(
    in graph: Graph, on device: DeviceProfile
  ) throws(LatencySourceError) -> [[KernelSchedule]] {
    graph.operatorIDs.map { KernelSchedule.fittedOptions(for: $0, in: graph, threads: device.threads) }
  }
}

/// Why there is no latency.
public enum LatencySourceError: Error, Equatable, CustomStringConvertible {
  /// This network cannot be run; the trial fails, the search goes on.
  case network(reason: String)
  /// The schedule database cannot be read or written; the search stops.
  case database(reason: String)

  /// One sentence.
  public var description: String {
    switch self {
    case .network(let reason): "the network cannot be measured: \(reason)"
    case .database(let reason): "the schedule database failed: \(reason)"
    }
  }
}
