import CMicrokernels
import ComputationGraph

/// Maximum or mean under a moving window.
struct Pool: PreparedKernel {
  /// What becomes of the values under a window.
  enum Reduction {
    case maximum
    case mean(countsPadding: Bool)
  }

  let window: inference_window
  let images: Int
  let reduction: Reduction
  let x: UnsafePointer<Float>
  let y: UnsafeMutablePointer<Float>

  init(
    input: TensorShape, output: TensorShape, window: Window2D, reduction: Reduction, operands: KernelOperands
  ) {
    self.window = inference_window(window, input: input, output: output)
    images = input[0] * input[1]
    self.reduction = reduction
    x = UnsafePointer(operands.inputs[0])
    y = operands.output
  }

  func run(part: Int, of parts: Int) {
    let share = images.share(part, of: parts)
    let from = x + share.lowerBound * window.height * window.width
    let to = y + share.lowerBound * window.outputHeight * window.outputWidth
    switch reduction {
    case .maximum: inference_max_pool(window, from, share.count, to)
    case .mean(let countsPadding):
      inference_average_pool(window, from, share.count, countsPadding ? 1 : 0, to)
    }
  }
}

/// The mean of each image plane.
struct GlobalAveragePool: PreparedKernel {
  let images: Int
  let plane: Int
  let operands: KernelOperands

  func run(part: Int, of parts: Int) {
    let share = images.share(part, of: parts)
    inference_row_means(
      operands.inputs[0] + share.lowerBound * plane, share.count, plane, operands.output + share.lowerBound)
  }
}
