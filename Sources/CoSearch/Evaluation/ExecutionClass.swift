import Devices

/// The part of a device profile that a latency depends on: devices of one class share their measurements.
struct ExecutionClass: Hashable, Sendable {
  let threads: Int
  let alignment: Int
  let measurement: MeasurementPolicy
}

extension DeviceProfile {
  var executionClass: ExecutionClass {
    ExecutionClass(threads: threads, alignment: alignment, measurement: measurement)
  }
}
