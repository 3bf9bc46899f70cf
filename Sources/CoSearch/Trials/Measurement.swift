import AccuracyEstimation
import MemoryPlanning
import ScheduleTuning

/// What is known of a candidate that at least one device admits. Batch 1; bytes of float32 tensors.
public struct Measurement: Codable, Hashable, Sendable {
  /// Accuracy on the validation split, with how it was estimated.
  public var validation: AccuracyEstimate
  /// Peak, arena and latency on every device that admits the candidate, by device name.
  public var devices: [String: DeviceMeasurement]
  /// Why the other devices do not, by device name.
  public var rejections: [String: Rejection]
  /// The largest sum of inputs, outputs and workspace of one operator: no order has a smaller peak. The workspace is
  /// the smallest that the policy allows.
  public let trivialBoundBytes: Int
  /// Weights of the inference form, batch normalisation folded, as the model file holds them; kernels may store more.
  public let weightBytes: Int
  /// Multiply–accumulate operations of one inference.
  public let macs: Int
  /// Trainable and folded values of the inference form.
  public let parameters: Int

  /// Creates a measurement.
  public init(
    validation: AccuracyEstimate, devices: [String: DeviceMeasurement], rejections: [String: Rejection],
    trivialBoundBytes: Int, weightBytes: Int, macs: Int,
    parameters: Int
  ) {
    self.validation = validation
    self.devices = devices
    self.rejections = rejections
    self.trivialBoundBytes = trivialBoundBytes
    self.weightBytes = weightBytes
    self.macs = macs
    self.parameters = parameters
  }
}

/// What depends on the device: its memory, alignment, threads and measurement policy.
public struct DeviceMeasurement: Codable, Hashable, Sendable {
  /// The arena that the device must hold, padded to its alignment; workspace included, reserved bytes not.
  public let arenaBytes: Int
  /// The peak of the planned order: in-place, views and kernel workspace included; its parts add up. The same on all
  /// devices unless kernels are fitted to the memory.
  public let peak: MemoryPeak
  /// The live peak of the same order without workspace.
  public let livePeakBytes: Int
  /// Latency of one inference with the device's thread count, as frozen in the schedule database.
  public let latency: LatencyStatistics

  private enum CodingKeys: String, CodingKey {
    case arenaBytes, peak, livePeakBytes
    case latency = "latencyMilliseconds"
  }

  /// Creates a measurement for a device.
  public init(arenaBytes: Int, peak: MemoryPeak, livePeakBytes: Int, latency: LatencyStatistics) {
    self.arenaBytes = arenaBytes
    self.peak = peak
    self.livePeakBytes = livePeakBytes
    self.latency = latency
  }
}
