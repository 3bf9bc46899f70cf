import Foundation

/// Adam with decoupled weight decay, on flat arrays: algorithm 2 of Loshchilov and Hutter (arXiv 1711.05101).
///
/// With the gradient g of the mean loss, the step t counted from 1, the highest learning rate α and the schedule's
/// multiplier η: m = β₁ m + (1 − β₁) g; v = β₂ v + (1 − β₂) g²; w −= η · (α · m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε) + λ · w).
/// The decay λ is multiplied by the schedule, not by the learning rate: where other programs multiply it by both (PyTorch),
/// their decay is λ / α.
final class AdamWOptimizer: WeightOptimizer {
  private let numbers: TrainingConfiguration.AdamW
  private let weightDecay: Double
  private let mean: AlignedBuffer
  private let square: AlignedBuffer

  init(_ numbers: TrainingConfiguration.AdamW, weightDecay: Double, count: Int) {
    self.numbers = numbers
    self.weightDecay = weightDecay
    mean = AlignedBuffer(count: count)
    square = AlignedBuffer(count: count)
  }

  var memory: [(name: String, buffer: AlignedBuffer)] { [("mean", mean), ("square", square)] }

  func step(
    parameters: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>, layout: ParameterLayout,
    settings: StepSettings
  ) {
    let (beta1, beta2) = (Float(numbers.beta1), Float(numbers.beta2))
    let (rest1, rest2) = (Float(1 - numbers.beta1), Float(1 - numbers.beta2))
    let time = Double(settings.step + 1)
    let rate = Float(settings.rate / (1 - pow(numbers.beta1, time)))
    let squareCorrection = Float(1 / (1 - pow(numbers.beta2, time)))
    let epsilon = Float(numbers.epsilon)
    let scheduledDecay = Float(settings.scheduleMultiplier * weightDecay)
    for slot in layout.slots {
      let w = parameters + slot.offset
      let g = gradients + slot.offset
      let m = mean.pointer + slot.offset
      let v = square.pointer + slot.offset
      let decay = slot.decays ? scheduledDecay : 0
      for index in 0..<slot.count {
        let slope = g[index]
        let first = beta1 * m[index] + rest1 * slope
        let second = beta2 * v[index] + rest2 * (slope * slope)
        m[index] = first
        v[index] = second
        let change = rate * first / ((second * squareCorrection).squareRoot() + epsilon)
        w[index] -= change + decay * w[index]
      }
    }
  }
}
