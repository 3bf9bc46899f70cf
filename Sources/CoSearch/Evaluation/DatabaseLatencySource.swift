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
    do {
      return try LatencyMeter(device: device).latency(of: network, database: database).statistics
    } catch let error as KernelError {
      throw .network(reason: error.description)
    } catch {
      throw .database(reason: "\(error)")
    }
  }
}
