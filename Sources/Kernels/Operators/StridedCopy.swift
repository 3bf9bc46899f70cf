import CMicrokernels
import ComputationGraph

/// Elements of the input at distances of their own: transposition and slices. Threads share the rows of the result.
struct StridedCopy: PreparedKernel {
  private let axes: MergedAxes
  private let rows: Int
  private let columns: Int
  private let source: UnsafePointer<Float>
  private let output: UnsafeMutablePointer<Float>

  /// - Parameters:
  ///   - extents: of the result.
  ///   - strides: the distances in the input between neighbours along each axis of the result.
  ///   - start: the place of the first element in the input.
  init(extents: [Int], strides: [Int], start: Int, operands: KernelOperands) {
    // Two axes at least, so that the last two are a matrix.
    let merged = MergedAxes(extents: extents, strides: [strides, MergedAxes.rowMajor(extents)])
    axes =
      merged.extents.count > 1
      ? merged : MergedAxes(matrixOf: merged.extents[0], strides: merged.strides.map { $0[0] })
    (rows, columns) = (axes.extents[axes.extents.count - 2], axes.extents[axes.extents.count - 1])
    source = UnsafePointer(operands.inputs[0] + start)
    output = operands.output
  }

  init(_ input: TensorShape, permutation: [Int], operands: KernelOperands) {
    let strides = MergedAxes.rowMajor(input.dimensions)
    self.init(
      extents: permutation.map { input[$0] }, strides: permutation.map { strides[$0] }, start: 0,
      operands: operands)
  }

  init(_ input: TensorShape, starts: [Int], extents: [Int], steps: [Int], operands: KernelOperands) {
    let strides = MergedAxes.rowMajor(input.dimensions)
    self.init(
      extents: extents, strides: zip(strides, steps).map { $0 * $1 },
      start: zip(strides, starts).reduce(0) { $0 + $1.0 * $1.1 }, operands: operands)
  }

  func run(part: Int, of parts: Int) {
    let last = axes.extents.count - 1
    let (from, to) = (axes.strides[0], axes.strides[1])
    // A lone row is shared by its columns.
    if last == 1, rows == 1 {
      let share = columns.share(part, of: parts)
      tensor_copy(
        source + share.lowerBound * from[1], 1, share.count, 0, from[1], output + share.lowerBound, 0, 1)
      return
    }
    let share = (axes.outerCount(inner: 2) * rows).share(part, of: parts)
    var first = share.lowerBound
    while first < share.upperBound {
      let (index, row) = first.quotientAndRemainder(dividingBy: rows)
      let count = min(rows - row, share.upperBound - first)
      tensor_copy(
        source + axes.offset(of: 0, outer: index, inner: 2) + row * from[last - 1], count, columns,
        from[last - 1], from[last],
        output + axes.offset(of: 1, outer: index, inner: 2) + row * to[last - 1], to[last - 1], to[last])
      first += count
    }
  }
}

extension MergedAxes {
  /// One axis as a matrix of one row.
  fileprivate init(matrixOf extent: Int, strides: [Int]) {
    extents = [1, extent]
    self.strides = strides.map { [0, extent == 1 ? 1 : $0] }
  }
}

/// A tensor with a value around it, or less of it. Threads share the rows of the result.
struct Pad: PreparedKernel {
  /// One axis: so many positions of the result, those of them that the input has a part in, and the first one's in the input.
  private struct Axis {
    let inputCount: Int
    let count: Int
    let inside: Range<Int>
    let first: Int

    init(input: Int, output: Int, before: Int) {
      let start = min(max(0, before), output)
      inputCount = input
      count = output
      inside = start..<max(start, min(output, before + input))
      first = max(0, -before)
    }
  }

  private let outer: [Axis]
  private let rows: Axis
  private let columns: Axis
  private let value: Float
  private let source: UnsafePointer<Float>
  private let target: UnsafeMutablePointer<Float>

  init(_ input: TensorShape, output: TensorShape, before: [Int], value: Float, operands: KernelOperands) {
    // A matrix at least.
    let missing = [Axis](repeating: Axis(input: 1, output: 1, before: 0), count: max(0, 2 - input.rank))
    let axes = missing + before.indices.map { Axis(input: input[$0], output: output[$0], before: before[$0]) }
    outer = axes.dropLast(2)
    rows = axes[axes.count - 2]
    columns = axes[axes.count - 1]
    self.value = value
    source = UnsafePointer(operands.inputs[0])
    target = operands.output
  }

  func run(part: Int, of parts: Int) {
    let share = (outer.reduce(1) { $0 * $1.count } * rows.count).share(part, of: parts)
    var next = share.lowerBound
    while next < share.upperBound {
      let (index, row) = next.quotientAndRemainder(dividingBy: rows.count)
      let end = min(rows.count, row + share.upperBound - next)
      fill(row..<end, of: index)
      next += end - row
    }
  }

  /// Some rows of one matrix of the result.
  private func fill(_ wanted: Range<Int>, of index: Int) {
    let y = target + index * rows.count * columns.count
    let matrix = sourceMatrix(index)
    let inside = matrix == nil ? wanted.upperBound..<wanted.upperBound : rows.inside.clamped(to: wanted)
    let from =
      (matrix ?? 0) * rows.inputCount + rows.first + inside.lowerBound - rows.inside.lowerBound
    (y + wanted.lowerBound * columns.count).update(
      repeating: value, count: (inside.lowerBound - wanted.lowerBound) * columns.count)
    tensor_pad_rows(
      source + from * columns.inputCount + columns.first, inside.count, columns.inside.count,
      columns.inputCount, columns.inside.lowerBound, columns.count - columns.inside.upperBound, value,
      y + inside.lowerBound * columns.count)
    (y + inside.upperBound * columns.count).update(
      repeating: value, count: (wanted.upperBound - inside.upperBound) * columns.count)
  }

  /// The matrix of the input that lies in a matrix of the result, or nil if there is none.
  private func sourceMatrix(_ index: Int) -> Int? {
    var (rest, source, distance) = (index, 0, 1)
    for axis in outer.reversed() {
      let position = rest % axis.count
      rest /= axis.count
      guard axis.inside.contains(position) else { return nil }
      source += (position - axis.inside.lowerBound + axis.first) * distance
      distance *= axis.inputCount
    }
    return source
  }
}

/// Elements along an axis by their indices, which are resolved once.
struct Gather: PreparedKernel {
  private let split: AxisSplit
  private let indices: [Int]
  private let operands: KernelOperands

  init(_ input: TensorShape, axis: Int, count: Int, operands: KernelOperands) {
    split = AxisSplit(input, axes: axis..<axis + 1)
    let last = input[axis] - 1
    indices = (0..<count).map { gatherIndex(operands.inputs[1][$0], last: last) }
    self.operands = operands
  }

  func run(part: Int, of parts: Int) {
    for item in (split.outer * indices.count).share(part, of: parts) {
      let (index, position) = item.quotientAndRemainder(dividingBy: indices.count)
      (operands.output + item * split.inner).update(
        from: operands.inputs[0] + (index * split.extent + indices[position]) * split.inner,
        count: split.inner)
    }
  }
}

/// The index that a value stands for: rounded towards 0 and limited to the axis; 0 for what is not a number.
func gatherIndex(_ value: Float, last: Int) -> Int {
  value > 0 ? (value < Float(last) ? Int(value) : last) : 0
}
