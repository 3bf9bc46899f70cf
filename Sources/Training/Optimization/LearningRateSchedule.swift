import Foundation

/// The learning rate, and with one-cycle the momentum, of every step.
///
/// - cosine: linear warm-up, then half a cosine down to zero (Loshchilov and Hutter, arXiv 1608.03983, without
///   restarts);
/// - constant: linear warm-up, then the highest rate;
/// - one-cycle (Smith and Topin, arXiv 1708.07120): from highest / startDivisor linearly to the highest rate, then half
///   a cosine down to highest / (startDivisor · endDivisor) at the last step. The momentum may run inversely, down to its
///   lowest where the rate is at its highest and up again on half a cosine.
public struct LearningRateSchedule: Hashable, Sendable {
  /// The shape.
  public let shape: TrainingConfiguration.Schedule
  /// The rate at the end of the warm-up.
  public let highest: Double
  /// All steps of the training.
  public let steps: Int
  /// Steps before the highest rate.
  public let warmupSteps: Int

  /// Creates a schedule. - Precondition: at least one step.
  public init(
    highest: Double, steps: Int, warmupFraction: Double, shape: TrainingConfiguration.Schedule = .cosine
  ) {
    precondition(steps > 0)
    self.shape = shape
    self.highest = highest
    self.steps = steps
    warmupSteps = min(steps - 1, Int((Double(steps) * warmupFraction).rounded()))
  }

  /// The rate of a step, counted from 0: never 0 itself.
  public func rate(at step: Int) -> Double {
    switch shape {
    case .cosine, .constant:
      if step < warmupSteps { return highest * Double(step + 1) / Double(warmupSteps + 1) }
      if shape == .constant { return highest }
      let progress = Double(step - warmupSteps) / Double(steps - warmupSteps)
      return highest * 0.5 * (1 + cos(.pi * progress))
    case .oneCycle(let cycle):
      let first = highest / cycle.startDivisor
      return value(at: step, from: first, over: highest, to: first / cycle.endDivisor)
    }
  }

  /// The momentum of a step, counted from 0.
  ///
  /// - Parameter usual: the momentum of all steps, or with a cycled momentum that of the first and the last.
  public func momentum(at step: Int, usual: Double) -> Double {
    guard case .oneCycle(let cycle) = shape, let lowest = cycle.lowestMomentum else { return usual }
    return value(at: step, from: usual, over: lowest, to: usual)
  }

  /// A line from the first step to the end of the warm-up, then half a cosine to the last step.
  private func value(at step: Int, from start: Double, over middle: Double, to end: Double) -> Double {
    if step < warmupSteps { return start + (middle - start) * Double(step) / Double(warmupSteps) }
    guard steps - 1 > warmupSteps else { return middle }
    let progress = Double(step - warmupSteps) / Double(steps - 1 - warmupSteps)
    return end + (middle - end) * 0.5 * (1 + cos(.pi * progress))
  }
}
