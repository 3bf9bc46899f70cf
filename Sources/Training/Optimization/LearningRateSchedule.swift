import Foundation

/// The learning rate of every step: linear warm-up, then half a cosine down to zero
/// (Loshchilov and Hutter, arXiv 1608.03983, without restarts).
public struct LearningRateSchedule: Hashable, Sendable {
  /// The rate at the end of the warm-up.
  public let highest: Double
  /// All steps of the training.
  public let steps: Int
  /// Steps of the warm-up.
  public let warmupSteps: Int

  /// Creates a schedule. - Precondition: at least one step.
  public init(highest: Double, steps: Int, warmupFraction: Double) {
    precondition(steps > 0)
    self.highest = highest
    self.steps = steps
    warmupSteps = min(steps - 1, Int((Double(steps) * warmupFraction).rounded()))
  }

  /// The rate of a step, counted from 0: never 0 itself.
  public func rate(at step: Int) -> Double {
    if step < warmupSteps { return highest * Double(step + 1) / Double(warmupSteps + 1) }
    let progress = Double(step - warmupSteps) / Double(steps - warmupSteps)
    return highest * 0.5 * (1 + cos(.pi * progress))
  }
}
