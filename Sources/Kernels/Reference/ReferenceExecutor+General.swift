import ComputationGraph
import Foundation

/// Kinds for tensors of any rank.
extension ReferenceExecutor {
  static func value(of function: ElementwiseFunction, _ x: Float) -> Float {
    if x.isNaN { return x }
    let wide = Double(x)
    return switch function {
    case .clip(let minimum, let maximum): min(max(x, minimum), maximum)
    case .leakyRelu(let slope): x < 0 ? slope * x : x
    case .sigmoid: Float(1 / (1 + exp(-wide)))
    case .hardSigmoid(let slope, let offset): min(max(slope * x + offset, 0), 1)
    case .hardSwish: Float(wide * min(max(wide + 3, 0), 6) / 6)
    case .silu: Float(wide / (1 + exp(-wide)))
    case .erf: Float(Foundation.erf(wide))
    case .gelu: Float(0.5 * wide * (1 + Foundation.erf(wide * 0.5.squareRoot())))
    }
  }

  static func combine(
    _ a: ReferenceTensor, _ b: ReferenceTensor, by function: ArithmeticFunction, into y: inout ReferenceTensor
  ) {
    fill(&y) { index in
      let (x, z) = (a.repeated(at: index), b.repeated(at: index))
      return switch function {
      case .add: x + z
      case .subtract: x - z
      case .multiply: x * z
      case .divide: x / z
      }
    }
  }

  static func softmax(_ x: ReferenceTensor, axis: Int, into y: inout ReferenceTensor) {
    let extent = x.shape[axis]
    fill(&y) { index in
      var other = index
      let line = (0..<extent).map { position in
        other[axis] = position
        return Double(x[other])
      }
      let most = line.max() ?? 0
      return Float(exp(Double(x[index]) - most) / line.reduce(0) { $0 + exp($1 - most) })
    }
  }

  static func mean(_ x: ReferenceTensor, axes: Range<Int>, into y: inout ReferenceTensor) {
    var sums = [Double](repeating: 0, count: y.values.count)
    let inner = x.shape.dimensions[axes.upperBound...].reduce(1, *)
    let extent = x.shape.dimensions[axes].reduce(1, *)
    for (position, value) in x.values.enumerated() {
      sums[position / (inner * extent) * inner + position % inner] += Double(value)
    }
    y.values = sums.map { Float($0 / Double(extent)) }
  }

  static func normalizeRows(
    _ x: ReferenceTensor, scale: ReferenceTensor, shift: ReferenceTensor?, axis: Int, epsilon: Float,
    into y: inout ReferenceTensor
  ) {
    let columns = scale.values.count
    for start in stride(from: 0, to: x.values.count, by: columns) {
      let row = x.values[start..<start + columns].map(Double.init)
      let mean = row.reduce(0, +) / Double(columns)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
      let deviation = (variance + Double(epsilon)).squareRoot()
      for column in 0..<columns {
        y.values[start + column] = Float(
          (row[column] - mean) / deviation * Double(scale.values[column])
            + Double(shift?.values[column] ?? 0))
      }
    }
  }

  static func multiply(_ a: ReferenceTensor, _ b: ReferenceTensor, into y: inout ReferenceTensor) {
    let depth = a.shape[a.shape.rank - 1]
    fill(&y) { index in
      let rank = index.count
      var (left, right) = (index, index)
      var sum = 0.0
      for k in 0..<depth {
        left[rank - 1] = k
        right[rank - 2] = k
        sum += Double(a.repeated(at: left)) * Double(b.repeated(at: right))
      }
      return Float(sum)
    }
  }

  static func resize(_ x: ReferenceTensor, _ resampling: Resampling, into y: inout ReferenceTensor) {
    let (height, width) = (x.shape[2], x.shape[3])
    let size = resampling.size
    fill(&y) { index in
      let row = resampling.source(
        of: index[2], input: height, output: size.height, scale: resampling.rowScale)
      let column = resampling.source(
        of: index[3], input: width, output: size.width, scale: resampling.columnScale)
      func mixed(_ h: Int) -> Double {
        Double(x[index[0], index[1], h, column.first]) * (1 - Double(column.weight))
          + Double(x[index[0], index[1], h, column.second]) * Double(column.weight)
      }
      return Float(mixed(row.first) * (1 - Double(row.weight)) + mixed(row.second) * Double(row.weight))
    }
  }

  /// Sets every element to what `value` says of its index.
  static func fill(_ y: inout ReferenceTensor, _ value: ([Int]) -> Float) {
    var index = [Int](repeating: 0, count: y.shape.rank)
    for position in y.values.indices {
      y.values[position] = value(index)
      for axis in index.indices.reversed() {
        index[axis] += 1
        if index[axis] < y.shape[axis] { break }
        index[axis] = 0
      }
    }
  }
}

extension ReferenceTensor {
  /// The element at an index of a shape that this tensor is repeated to.
  func repeated(at index: [Int]) -> Float {
    self[zip(index.suffix(shape.rank), shape.dimensions).map { $1 == 1 ? 0 : $0 }]
  }
}
