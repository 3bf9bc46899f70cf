import ComputationGraph
import Devices
import Kernels
import ScheduleTuning

/// Latencies from a database; what it does not hold is measured on this machine and frozen in it.
public struct DatabaseLatencySource: LatencySource {
  private let database: any LatencyDatabase

  /// Creates a source over a database.
  public init(database: any LatencyDatabase) { self.database = database }

  /// The stored latency, or the one that is measured now.
  public func latency(
    of network: PlannedNetwork, on device: DeviceProfile
  ) throws(LatencySourceError) -> LatencyStatistics {
    try reporting { try LatencyMeter(device: device).latency(of: network, database: database).statistics }
  }

  /// The tuned or the stored latencies, or those that are measured now (`KernelCandidates`).
  public func operatorMilliseconds(
    of id: OperatorID, in graph: Graph, under schedules: [KernelSchedule], on device: DeviceProfile
  ) throws(LatencySourceError) -> [Double] {
    try reporting { try candidates(on: device).milliseconds(of: id, in: graph, under: schedules) }
  }

  /// What tuning found worth choosing, and the fixed choices of operators that were not tuned.
  public func kernelCandidates(
    in graph: Graph, on device: DeviceProfile
  ) throws(LatencySourceError) -> [[KernelSchedule]] {
    try reporting { try candidates(on: device).options(in: graph) }
  }

  private func candidates(on device: DeviceProfile) -> KernelCandidates {
    KernelCandidates(meter: LatencyMeter(device: device), database: database)
  }

  private func reporting<Value>(_ work: () throws -> Value) throws(LatencySourceError) -> Value {
    do {
      return try work()
    } catch let error as KernelError {
      throw .network(reason: error.description)
    } catch {
      throw .database(reason: "\(error)")
    }
  }
}
