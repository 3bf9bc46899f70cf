import Devices
import ScheduleTuning

/// Where the latency of a planned network comes from: the same value whenever the same network is asked about.
public protocol LatencySource: Sendable {
  /// The latency of one inference with the threads and the measurement policy of `device`.
  func latency(of network: PlannedNetwork, on device: DeviceProfile) throws(LatencySourceError)
    -> LatencyStatistics
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
