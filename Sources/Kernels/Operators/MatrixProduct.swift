import ComputationGraph

/// Products of matrices, one for each combination of the leading axes. Threads share the rows of the results.
struct MatrixProduct: PreparedKernel {
  private let rows: Int
  private let columns: Int
  private let depth: Int
  /// The leading axes.
  private let batch: MergedAxes
  private let operands: KernelOperands

  init(_ a: TensorShape, _ b: TensorShape, output: TensorShape, operands: KernelOperands) {
    columns = b[b.rank - 1]
    depth = a[a.rank - 1]
    self.operands = operands
    let leading = TensorShape(Array(output.dimensions.dropLast(2)))
    if b.rank == 2 {
      // One matrix for all of a: its leading axes are rows.
      rows = a.elementCount / depth
      batch = MergedAxes(extents: [1], strides: [[0], [0]])
    } else {
      rows = a[a.rank - 2]
      let (aRows, bRows) = (rows * depth, depth * columns)
      batch = MergedAxes(
        extents: leading.dimensions,
        strides: [
          TensorShape(Array(a.dimensions.dropLast(2))).broadcastStrides(in: leading).map { $0 * aRows },
          TensorShape(Array(b.dimensions.dropLast(2))).broadcastStrides(in: leading).map { $0 * bRows },
        ])
    }
  }

  func run(part: Int, of parts: Int) {
    let share = (batch.outerCount(inner: 0) * rows).share(part, of: parts)
    var first = share.lowerBound
    while first < share.upperBound {
      let (index, row) = first.quotientAndRemainder(dividingBy: rows)
      let count = min(rows - row, share.upperBound - first)
      BLAS.sgemm(
        m: count, n: columns, k: depth,
        a: operands.inputs[0] + batch.offset(of: 0, outer: index, inner: 0) + row * depth, lda: depth,
        b: operands.inputs[1] + batch.offset(of: 1, outer: index, inner: 0), ldb: columns,
        c: operands.output + first * columns, ldc: columns)
      first += count
    }
  }
}
