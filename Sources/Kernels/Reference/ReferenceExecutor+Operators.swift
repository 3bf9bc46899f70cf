import ComputationGraph

extension ReferenceExecutor {
  static func convolve(
    _ x: ReferenceTensor, weight: ReferenceTensor, bias: ReferenceTensor?, window: Window2D, groups: Int,
    into y: inout ReferenceTensor
  ) {
    let inputsPerGroup = weight.shape[1]
    let outputsPerGroup = y.shape[1] / groups
    forEachPosition(of: y.shape) { n, o, row, column in
      var sum = bias.map { Double($0.values[o]) } ?? 0
      forEachTap(window, row: row, column: column, in: x.shape) { i, j, h, w in
        for c in 0..<inputsPerGroup {
          sum += Double(weight[o, c, i, j]) * Double(x[n, o / outputsPerGroup * inputsPerGroup + c, h, w])
        }
      }
      y[n, o, row, column] = Float(sum)
    }
  }

  static func normalize(
    _ x: ReferenceTensor, scale: ReferenceTensor, shift: ReferenceTensor, mean: ReferenceTensor,
    variance: ReferenceTensor, epsilon: Float, into y: inout ReferenceTensor
  ) {
    let plane = x.shape.dimensions[2...].reduce(1, *)
    for index in x.values.indices {
      let c = index / plane % x.shape[1]
      let centred = Double(x.values[index]) - Double(mean.values[c])
      let deviation = (Double(variance.values[c]) + Double(epsilon)).squareRoot()
      y.values[index] = Float(Double(scale.values[c]) * centred / deviation + Double(shift.values[c]))
    }
  }

  /// A window that sees nothing but padding, as only a dilated one can, gives −∞.
  static func maximum(_ x: ReferenceTensor, window: Window2D, into y: inout ReferenceTensor) {
    forEachPosition(of: y.shape) { n, c, row, column in
      var largest = -Float.infinity
      forEachTap(window, row: row, column: column, in: x.shape) { _, _, h, w in
        largest = max(largest, x[n, c, h, w])
      }
      y[n, c, row, column] = largest
    }
  }

  /// A window that sees nothing but padding gives 0.
  static func average(
    _ x: ReferenceTensor, window: Window2D, countsPadding: Bool, into y: inout ReferenceTensor
  ) {
    forEachPosition(of: y.shape) { n, c, row, column in
      var sum = 0.0
      var seen = 0
      forEachTap(window, row: row, column: column, in: x.shape) { _, _, h, w in
        sum += Double(x[n, c, h, w])
        seen += 1
      }
      let count = countsPadding ? window.kernel.height * window.kernel.width : max(seen, 1)
      y[n, c, row, column] = Float(sum / Double(count))
    }
  }

  static func globalAverage(_ x: ReferenceTensor, into y: inout ReferenceTensor) {
    let plane = x.shape[2] * x.shape[3]
    for image in 0..<x.shape[0] * x.shape[1] {
      var sum = 0.0
      for index in image * plane..<(image + 1) * plane { sum += Double(x.values[index]) }
      y.values[image] = Float(sum / Double(plane))
    }
  }

  static func concatenate(_ inputs: [ReferenceTensor], axis: Int, into y: inout ReferenceTensor) {
    let inner = y.shape.dimensions[(axis + 1)...].reduce(1, *)
    let outer = y.shape.dimensions[..<axis].reduce(1, *)
    var start = 0
    for x in inputs {
      let extent = x.shape[axis]
      for o in 0..<outer {
        for a in 0..<extent {
          for i in 0..<inner {
            y.values[(o * y.shape[axis] + start + a) * inner + i] = x.values[(o * extent + a) * inner + i]
          }
        }
      }
      start += extent
    }
  }

  static func connect(
    _ x: ReferenceTensor, weight: ReferenceTensor, bias: ReferenceTensor?, into y: inout ReferenceTensor
  ) {
    let columns = x.shape[1]
    let outputs = weight.shape[0]
    for n in 0..<x.shape[0] {
      for o in 0..<outputs {
        var sum = bias.map { Double($0.values[o]) } ?? 0
        for c in 0..<columns {
          sum += Double(weight.values[o * columns + c]) * Double(x.values[n * columns + c])
        }
        y.values[n * outputs + o] = Float(sum)
      }
    }
  }

  private static func forEachPosition(of shape: TensorShape, _ body: (Int, Int, Int, Int) -> Void) {
    for n in 0..<shape[0] {
      for c in 0..<shape[1] {
        for row in 0..<shape[2] {
          for column in 0..<shape[3] { body(n, c, row, column) }
        }
      }
    }
  }

  /// Calls `body` with tap row, tap column, image row, image column for every tap that lies in the image.
  private static func forEachTap(
    _ window: Window2D, row: Int, column: Int, in shape: TensorShape, _ body: (Int, Int, Int, Int) -> Void
  ) {
    for i in 0..<window.kernel.height {
      for j in 0..<window.kernel.width {
        let h = row * window.stride.height - window.padding.top + i * window.dilation.height
        let w = column * window.stride.width - window.padding.left + j * window.dilation.width
        if h >= 0, h < shape[2], w >= 0, w < shape[3] { body(i, j, h, w) }
      }
    }
  }
}
