import CMicrokernels
import ComputationGraph

/// max(x, 0), in place where input and output are the same memory.
struct Relu: PreparedKernel {
  let count: Int
  let operands: KernelOperands

  func run(part: Int, of parts: Int) {
    let elements = count.share(part, of: parts)
    inference_relu(
      operands.inputs[0] + elements.lowerBound, elements.count, operands.output + elements.lowerBound)
  }
}

/// The sum of two or more tensors; the result may overwrite any of them.
final class Sum: PreparedKernel {
  private let addends: UnsafeMutablePointer<UnsafePointer<Float>?>
  private let inputCount: Int
  private let count: Int
  private let activation: Int32
  private let output: UnsafeMutablePointer<Float>

  init(count: Int, activation: Activation, operands: KernelOperands) {
    inputCount = operands.inputs.count
    addends = .allocate(capacity: inputCount)
    for (index, input) in operands.inputs.enumerated() {
      (addends + index).initialize(to: UnsafePointer(input))
    }
    self.count = count
    self.activation = activation.code
    output = operands.output
  }

  deinit { addends.deallocate() }

  func run(part: Int, of parts: Int) {
    let elements = count.share(part, of: parts)
    inference_sum(addends, inputCount, elements.lowerBound, elements.count, activation, output)
  }
}

/// Batch norm by its running statistics, as one factor and one summand per channel. Unlike a folded one it costs a
/// pass over the tensor.
final class BatchNormalization: PreparedKernel {
  private let batch: Int
  private let channels: Int
  private let plane: Int
  private let activation: Int32
  private let x: UnsafePointer<Float>
  private let y: UnsafeMutablePointer<Float>
  private let factors: UnsafeMutablePointer<Float>

  init(input: TensorShape, epsilon: Float, activation: Activation, operands: KernelOperands) {
    batch = input[0]
    channels = input[1]
    plane = input.dimensions[2...].reduce(1, *)
    self.activation = activation.code
    x = UnsafePointer(operands.inputs[0])
    y = operands.output
    factors = .allocate(capacity: 2 * channels)
    let (scale, shift, mean, variance) = (
      operands.inputs[1], operands.inputs[2], operands.inputs[3], operands.inputs[4]
    )
    for channel in 0..<channels {
      let factor = scale[channel] / (variance[channel] + epsilon).squareRoot()
      (factors + channel).initialize(to: factor)
      (factors + channels + channel).initialize(to: shift[channel] - mean[channel] * factor)
    }
  }

  deinit { factors.deallocate() }

  func run(part: Int, of parts: Int) {
    let share = channels.share(part, of: parts)
    let first = share.lowerBound
    for image in 0..<batch {
      let start = (image * channels + first) * plane
      inference_affine(
        x + start, share.count, plane, factors + first, factors + channels + first, activation, y + start)
    }
  }
}
