import ComputationGraph

/// Where each weight of a network lies in the flat arrays that the optimiser works on.
struct ParameterLayout: Sendable {
  /// One trainable weight.
  struct Slot: Sendable {
    let name: String
    let offset: Int
    let count: Int
    /// Whether weight decay applies: matrices and kernels, not biases and batch norms.
    let decays: Bool
  }

  /// The running statistics of one batch norm: mean, then variance.
  struct Statistics: Sendable {
    let meanName: String
    let varianceName: String
    let offset: Int
    let channels: Int
    /// Values per channel in one chunk: the variance is multiplied by n / (n − 1) where it is stored.
    let samples: Int
  }

  private(set) var slots: [Slot] = []
  private(set) var statistics: [Statistics] = []
  /// Floats of all trainable weights, padding included.
  private(set) var count = 0
  /// Floats of all running statistics.
  private(set) var statisticsCount = 0
  private var offsets: [String: Int] = [:]

  /// The offset of a trainable weight, which is added if it is new.
  mutating func offset(of tensor: Tensor, decays: Bool) -> Int {
    if let known = offsets[tensor.name] { return known }
    let offset = count
    slots.append(Slot(name: tensor.name, offset: offset, count: tensor.shape.elementCount, decays: decays))
    offsets[tensor.name] = offset
    count = Self.aligned(offset + tensor.shape.elementCount)
    return offset
  }

  /// The offset of a batch norm's statistics.
  mutating func addStatistics(mean: Tensor, variance: Tensor, samples: Int) -> Int {
    let channels = mean.shape.elementCount
    let offset = statisticsCount
    statistics.append(
      Statistics(
        meanName: mean.name, varianceName: variance.name, offset: offset, channels: channels, samples: samples
      ))
    statisticsCount += 2 * channels
    return offset
  }

  /// Slots begin at multiples of a cache line.
  private static func aligned(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
