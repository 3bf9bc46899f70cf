extension TrainingConfiguration {
  /// The exponential moving average of the weights, which is evaluated and kept instead of the last weights.
  public struct Averaging: Codable, Hashable, Sendable {
    /// What is kept of the average at each step, in (0, 1). Early steps use min(decay, (1 + t) / (10 + t)) at step t,
    /// counted from 1, so that the random initial weights are soon forgotten.
    public var decay: Double

    /// Creates an average.
    public init(decay: Double = 0.999) { self.decay = decay }
  }
}

/// The exponential moving average of weights and of batch norms' running statistics.
///
/// The statistics of a batch norm belong to the weights before it: averaged weights with the last weights' statistics would
/// be normalised by numbers that are not theirs. So the running statistics are averaged in step with the weights. That is an
/// approximation (the exact ones would need a pass over the images with the averaged weights), as is usual.
final class WeightAverage {
  let parameters: AlignedBuffer
  let statistics: AlignedBuffer
  private let decay: Double

  /// An average of just the present weights.
  init(_ averaging: TrainingConfiguration.Averaging, of engine: TrainingEngine) {
    decay = averaging.decay
    parameters = AlignedBuffer(count: engine.parameters.count)
    statistics = AlignedBuffer(count: engine.runningStatistics.count)
    parameters.pointer.update(from: engine.parameters.pointer, count: parameters.count)
    statistics.pointer.update(from: engine.runningStatistics.pointer, count: statistics.count)
  }

  /// Takes in the weights after a step, counted from 1.
  func update(with engine: TrainingEngine, step: Int) {
    let share = Float(1 - min(decay, Double(1 + step) / Double(10 + step)))
    for (average, latest) in [(parameters, engine.parameters), (statistics, engine.runningStatistics)] {
      let (a, w) = (average.pointer, latest.pointer)
      for index in 0..<average.count { a[index] += share * (w[index] - a[index]) }
    }
  }

  /// Exchanges the average with the engine's weights, and packs them.
  func exchange(with engine: TrainingEngine) {
    for (average, latest) in [(parameters, engine.parameters), (statistics, engine.runningStatistics)] {
      let (a, w) = (average.pointer, latest.pointer)
      for index in 0..<average.count { (a[index], w[index]) = (w[index], a[index]) }
    }
    engine.pack()
  }
}
