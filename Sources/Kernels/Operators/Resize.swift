import CMicrokernels
import ComputationGraph

/// Images of another height and width; where their elements come from is resolved once. Threads share the planes.
final class Resize: PreparedKernel {
  private let planes: Int
  private let input: Size2D
  private let output: Size2D
  private let isLinear: Bool
  private let rows: [tensor_mixture]
  private let columns: [tensor_mixture]
  private let rowIndices: [Int32]
  private let columnIndices: [Int32]
  private let operands: KernelOperands

  init(_ resampling: Resampling, input: TensorShape, operands: KernelOperands) {
    planes = input[0] * input[1]
    self.input = Size2D(height: input[2], width: input[3])
    output = resampling.size
    isLinear = resampling.mode == .linear
    func sources(_ input: Int, _ output: Int, _ scale: Float) -> [tensor_mixture] {
      (0..<output).map {
        let source = resampling.source(of: $0, input: input, output: output, scale: scale)
        return tensor_mixture(
          first: Int32(source.first), second: Int32(source.second), weight: source.weight)
      }
    }
    rows = sources(input[2], output.height, resampling.rowScale)
    columns = sources(input[3], output.width, resampling.columnScale)
    rowIndices = rows.map(\.first)
    columnIndices = columns.map(\.first)
    self.operands = operands
  }

  func run(part: Int, of parts: Int) {
    let share = planes.share(part, of: parts)
    let x = operands.inputs[0] + share.lowerBound * input.height * input.width
    let y = operands.output + share.lowerBound * output.height * output.width
    if isLinear {
      tensor_resize_linear(
        x, share.count, input.height, input.width, output.height, output.width, rows, columns, y)
    } else {
      tensor_resize_nearest(
        x, share.count, input.height, input.width, output.height, output.width, rowIndices, columnIndices, y)
    }
  }
}
