import CMicrokernels
import ComputationGraph

/// The shapes of a convolution in the layout of the training kernels. A fully connected layer is a convolution
/// of one pixel.
struct ConvolutionGeometry: Sendable {
  let window: Window2D
  let groups: Int
  let input: ActivationValue
  let output: ActivationValue

  /// Taps of the kernel.
  var taps: Int { window.kernel.height * window.kernel.width }
  /// Input channels of a group.
  var groupInputs: Int { input.channels / groups }
  /// Output channels of a group.
  var groupOutputs: Int { output.channels / groups }
  /// Elements of the weight: [output channels][inputs of a group][taps].
  var weightCount: Int { output.channels * groupInputs * taps }

  var inputSize: Size2D { Size2D(height: input.rows, width: input.columns) }
  var outputSize: Size2D { Size2D(height: output.rows, width: output.columns) }

  /// Whether every pixel of the output reads just the same pixel of the input.
  var isPointwise: Bool {
    taps == 1 && window.stride == Size2D(1) && window.padding == Padding2D(0)
  }

  var cConvolution: tk_convolution {
    tk_convolution(
      groups: Int32(groups), input_channels: Int32(groupInputs), output_channels: Int32(groupOutputs),
      input_rows: Int32(input.rows), input_columns: Int32(input.columns), output_rows: Int32(output.rows),
      output_columns: Int32(output.columns), kernel_rows: Int32(window.kernel.height),
      kernel_columns: Int32(window.kernel.width), stride_rows: Int32(window.stride.height),
      stride_columns: Int32(window.stride.width), padding_top: Int32(window.padding.top),
      padding_left: Int32(window.padding.left), dilation_rows: Int32(window.dilation.height),
      dilation_columns: Int32(window.dilation.width))
  }

  /// The gather that computes the output from the input, or (`backward`) the input's gradient from the output's.
  func cGather(_ taps: TapTable, backward: Bool) -> tk_gather {
    let source = backward ? output : input
    let result = backward ? input : output
    return tk_gather(
      groups: Int32(groups), source_channels: Int32(source.channels / groups),
      result_channels: Int32(result.channels / groups), source_columns: Int32(source.columns),
      rows: Int32(result.rows), columns: Int32(result.columns), kernel_rows: Int32(window.kernel.height),
      kernel_columns: Int32(window.kernel.width), source_plane: Int64(source.plane),
      result_plane: Int64(result.plane), row_starts: taps.rowStarts, row_taps: taps.rowTaps,
      column_starts: taps.columnStarts, column_taps: taps.columnTaps)
  }
}
