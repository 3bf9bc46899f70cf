/// Stochastic gradient descent with momentum on the shared weights that the subnets of a step use; all others stay as
/// they are, their velocities too.
///
/// The rule is that of ``MomentumSGD``. Gradients of several subnets of one step are summed (arXiv 1903.05134).
struct SharedOptimizer: Sendable {
  private let momentum: Float
  private let weightDecay: Float
  private let nesterov: Bool
  /// Laid out as the shared weights.
  private(set) var velocity: [Float] = []
  private var gradient: [Float] = []
  /// Whether the present step has a gradient for an element.
  private var isTouched: [Bool] = []
  private var slices: [Slice] = []

  /// A slice that the present step changes.
  private struct Slice {
    let offset: Int
    let runs: [SharedWeight.Run]
    let decays: Bool
  }

  init(configuration: TrainingConfiguration) {
    momentum = Float(configuration.momentum)
    weightDecay = Float(configuration.weightDecay)
    nesterov = configuration.nesterov
  }

  /// Takes up the velocities of a stored training.
  mutating func restore(velocity stored: [Float]) { velocity = stored }

  /// Adds a subnet's gradient to the present step's.
  ///
  /// - Parameters:
  ///   - gradients: of the mean loss, laid out as `layout`.
  ///   - weights: where every weight of the subnet has an entry.
  mutating func add(
    gradients: UnsafePointer<Float>, layout: ParameterLayout, of subnet: Subnet, in weights: SharedWeights
  ) {
    extend(to: weights.values.count)
    for slot in layout.slots {
      let weight = subnet.sharedWeight(of: slot.name)
      let offset = weights.entries[weight.key]!.offset
      slices.append(Slice(offset: offset, runs: weight.runs, decays: slot.decays))
      let source = gradients + slot.offset
      gradient.withUnsafeMutableBufferPointer { gradient in
        isTouched.withUnsafeMutableBufferPointer { isTouched in
          for run in weight.runs {
            let first = offset + run.shared
            for index in 0..<run.count {
              gradient[first + index] += source[run.own + index]
              isTouched[first + index] = true
            }
          }
        }
      }
    }
  }

  /// Changes the weights by the gradients added since the last step.
  mutating func step(_ weights: inout SharedWeights, rate: Double) {
    extend(to: weights.values.count)
    let rate = Float(rate)
    let (momentum, nesterov) = (momentum, nesterov)
    weights.withValues { values in
      velocity.withUnsafeMutableBufferPointer { velocity in
        gradient.withUnsafeMutableBufferPointer { gradient in
          isTouched.withUnsafeMutableBufferPointer { isTouched in
            for slice in slices {
              let decay = slice.decays ? weightDecay : 0
              for run in slice.runs {
                let first = slice.offset + run.shared
                // A slice of an earlier subnet of this step may have had the element already.
                for index in first..<first + run.count where isTouched[index] {
                  let slope = gradient[index] + decay * values[index]
                  let speed = momentum * velocity[index] + slope
                  velocity[index] = speed
                  values[index] -= rate * (nesterov ? slope + momentum * speed : speed)
                  gradient[index] = 0
                  isTouched[index] = false
                }
              }
            }
          }
        }
      }
    }
    slices.removeAll(keepingCapacity: true)
  }

  /// New weights begin at rest.
  private mutating func extend(to count: Int) {
    velocity += repeatElement(0, count: count - velocity.count)
    gradient += repeatElement(0, count: count - gradient.count)
    isTouched += repeatElement(false, count: count - isTouched.count)
  }
}
