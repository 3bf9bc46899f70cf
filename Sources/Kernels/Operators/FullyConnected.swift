import CMicrokernels
import ComputationGraph

/// Rows of features times a weight stored by output. Threads share the outputs.
struct FullyConnected: PreparedKernel {
  let rows: Int
  let columns: Int
  let outputs: Int
  let operands: KernelOperands

  init(input: TensorShape, outputs: Int, operands: KernelOperands) {
    rows = input[0]
    columns = input[1]
    self.outputs = outputs
    self.operands = operands
  }

  func run(part: Int, of parts: Int) {
    let share = outputs.share(part, of: parts)
    if share.isEmpty { return }
    let first = share.lowerBound
    BLAS.sgemm(
      transposeB: true, m: rows, n: share.count, k: columns, a: operands.inputs[0], lda: columns,
      b: operands.inputs[1] + first * columns, ldb: columns, c: operands.output + first, ldc: outputs)
    guard operands.inputs.count > 2 else { return }
    for row in 0..<rows {
      for output in share { operands.output[row * outputs + output] += operands.inputs[2][output] }
    }
  }
}

/// The same as dot products, one image at a time: each weight is read once for an image, and from memory that is what
/// takes the time.
struct DotProducts: PreparedKernel {
  let images: Int
  let columns: Int
  let outputs: Int
  let operands: KernelOperands

  func run(part: Int, of parts: Int) {
    let share = outputs.share(part, of: parts)
    let first = share.lowerBound
    let bias = operands.inputs.count > 2 ? UnsafePointer(operands.inputs[2] + first) : nil
    for image in 0..<images {
      inference_matrix_vector(
        operands.inputs[1] + first * columns, share.count, columns, operands.inputs[0] + image * columns,
        bias,
        operands.output + image * outputs + first)
    }
  }
}
