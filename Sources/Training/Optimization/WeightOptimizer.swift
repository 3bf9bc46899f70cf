/// What a step of an optimiser depends on besides gradients.
struct StepSettings {
  /// Steps taken before.
  let step: Int
  /// The learning rate.
  let rate: Double
  /// The learning rate as a share of the highest: the schedule's multiplier.
  let scheduleMultiplier: Double
  /// The momentum of gradient descent.
  let momentum: Double
}

/// Changes weights by gradients, on flat arrays.
protocol WeightOptimizer: AnyObject {
  /// What it remembers from step to step besides their number: names, and arrays laid out as the parameters.
  var memory: [(name: String, buffer: AlignedBuffer)] { get }

  /// Changes the parameters by one step.
  ///
  /// - Parameter gradients: of the mean loss over the batch, laid out as the parameters.
  func step(
    parameters: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>, layout: ParameterLayout,
    settings: StepSettings)
}

extension TrainingConfiguration {
  /// The optimiser with an empty memory for so many parameters.
  func makeOptimizer(count: Int) -> any WeightOptimizer {
    switch optimizer {
    case .sgd: MomentumSGD(configuration: self, count: count)
    case .adamW(let numbers): AdamWOptimizer(numbers, weightDecay: weightDecay, count: count)
    }
  }
}
