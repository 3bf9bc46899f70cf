/// Stochastic gradient descent with (Nesterov) momentum and weight decay, on flat arrays.
///
/// With the gradient g of the mean loss: g += decay · w; v = momentum · v + g; w −= rate · (v, or g + momentum · v
/// with Nesterov's look-ahead).
final class MomentumSGD: WeightOptimizer {
  private let weightDecay: Float
  private let nesterov: Bool
  private let velocity: AlignedBuffer

  init(configuration: TrainingConfiguration, count: Int) {
    weightDecay = Float(configuration.weightDecay)
    nesterov = configuration.nesterov
    velocity = AlignedBuffer(count: count)
  }

  var memory: [(name: String, buffer: AlignedBuffer)] { [("velocity", velocity)] }

  func step(
    parameters: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>, layout: ParameterLayout,
    settings: StepSettings
  ) {
    let rate = Float(settings.rate)
    let momentum = Float(settings.momentum)
    for slot in layout.slots {
      let w = parameters + slot.offset
      let g = gradients + slot.offset
      let v = velocity.pointer + slot.offset
      let decay = slot.decays ? weightDecay : 0
      for index in 0..<slot.count {
        let slope = g[index] + decay * w[index]
        let speed = momentum * v[index] + slope
        v[index] = speed
        w[index] -= rate * (nesterov ? slope + momentum * speed : speed)
      }
    }
  }
}
