import CMicrokernels
import ComputationGraph

/// The extents of a tensor before, along and behind some neighbouring axes.
struct AxisSplit {
  let outer: Int
  let extent: Int
  let inner: Int

  init(_ shape: TensorShape, axes: Range<Int>) {
    outer = shape.dimensions[..<axes.lowerBound].reduce(1, *)
    extent = shape.dimensions[axes].reduce(1, *)
    inner = shape.dimensions[axes.upperBound...].reduce(1, *)
  }
}

/// Softmax along an axis. Threads share the rows, or the columns where the axis is not the last.
struct Softmax: PreparedKernel {
  let split: AxisSplit
  let operands: KernelOperands

  func run(part: Int, of parts: Int) {
    let (x, y) = (operands.inputs[0], operands.output)
    if split.inner == 1 {
      let rows = split.outer.share(part, of: parts)
      let start = rows.lowerBound * split.extent
      tensor_softmax_rows(x + start, rows.count, split.extent, y + start)
      return
    }
    let columns = split.inner.share(part, of: parts)
    for index in 0..<split.outer {
      let start = index * split.extent * split.inner + columns.lowerBound
      tensor_softmax_columns(x + start, split.extent, columns.count, split.inner, y + start)
    }
  }
}

/// The mean over neighbouring axes, shared like ``Softmax``.
struct Mean: PreparedKernel {
  let split: AxisSplit
  let operands: KernelOperands

  func run(part: Int, of parts: Int) {
    let (x, y) = (operands.inputs[0], operands.output)
    if split.inner == 1 {
      let rows = split.outer.share(part, of: parts)
      inference_row_means(
        x + rows.lowerBound * split.extent, rows.count, split.extent, y + rows.lowerBound)
      return
    }
    let columns = split.inner.share(part, of: parts)
    for index in 0..<split.outer {
      tensor_column_means(
        x + index * split.extent * split.inner + columns.lowerBound, split.extent, columns.count, split.inner,
        y + index * split.inner + columns.lowerBound)
    }
  }
}

/// Normalisation of rows by their own mean and variance.
struct LayerNormalization: PreparedKernel {
  let rows: Int
  let columns: Int
  let epsilon: Float
  let operands: KernelOperands

  func run(part: Int, of parts: Int) {
    let share = rows.share(part, of: parts)
    let start = share.lowerBound * columns
    tensor_normalize_rows(
      operands.inputs[0] + start, share.count, columns, operands.inputs[1],
      operands.inputs.count > 2 ? operands.inputs[2] : nil, epsilon, operands.output + start)
  }
}
