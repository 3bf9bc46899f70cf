import ComputationGraph

/// Rows of features times a weight stored by output.
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

  func run() {
    BLAS.sgemm(
      transposeB: true, m: rows, n: outputs, k: columns, a: operands.inputs[0], lda: columns,
      b: operands.inputs[1],
      ldb: columns, c: operands.output, ldc: outputs)
    guard operands.inputs.count > 2 else { return }
    for row in 0..<rows {
      for output in 0..<outputs { operands.output[row * outputs + output] += operands.inputs[2][output] }
    }
  }
}
