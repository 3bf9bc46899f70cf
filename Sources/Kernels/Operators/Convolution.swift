import CMicrokernels
import ComputationGraph

/// What all convolution kernels share: extents, pointers and the functions applied on the way in and out.
struct ConvolutionLayer {
  let window: inference_window
  let batch: Int
  let groups: Int
  let inputsPerGroup: Int
  let outputsPerGroup: Int
  let inputRelu: Int32
  let outputRelu: Int32
  let x: UnsafePointer<Float>
  let weight: UnsafePointer<Float>
  let bias: UnsafePointer<Float>?
  let y: UnsafeMutablePointer<Float>

  init(
    input: TensorShape, output: TensorShape, window: Window2D, groups: Int, inputRelu: Bool, outputRelu: Bool,
    operands: KernelOperands
  ) {
    self.window = inference_window(window, input: input, output: output)
    batch = input[0]
    self.groups = groups
    inputsPerGroup = input[1] / groups
    outputsPerGroup = output[1] / groups
    self.inputRelu = inputRelu ? 1 : 0
    self.outputRelu = outputRelu ? 1 : 0
    x = UnsafePointer(operands.inputs[0])
    weight = UnsafePointer(operands.inputs[1])
    bias = operands.inputs.count > 2 ? UnsafePointer(operands.inputs[2]) : nil
    y = operands.output
  }

  /// Rows of a panel: the length of the sums.
  var depth: Int { inputsPerGroup * window.kernelHeight * window.kernelWidth }
  /// Elements of one input image plane.
  var inputPlane: Int { window.height * window.width }
  /// Elements of one output image plane.
  var outputPlane: Int { window.outputHeight * window.outputWidth }
}

/// im2col and matrix product, a bounded number of output rows at a time: the panel holds the windows of `rowTile`
/// output rows for one group.
struct PanelConvolution: PreparedKernel {
  let layer: ConvolutionLayer
  let rowTile: Int
  let panel: UnsafeMutablePointer<Float>

  func run() {
    let outputWidth = layer.window.outputWidth
    let outputHeight = layer.window.outputHeight
    for block in 0..<layer.batch * layer.groups {
      let group = block % layer.groups
      let x = layer.x + block * layer.inputsPerGroup * layer.inputPlane
      let y = layer.y + block * layer.outputsPerGroup * layer.outputPlane
      let weight = layer.weight + group * layer.outputsPerGroup * layer.depth
      let bias = layer.bias.map { $0 + group * layer.outputsPerGroup }
      var row = 0
      while row < outputHeight {
        let rows = min(rowTile, outputHeight - row)
        inference_gather(layer.window, x, layer.inputsPerGroup, row, rows, layer.inputRelu, panel)
        BLAS.sgemm(
          m: layer.outputsPerGroup, n: rows * outputWidth, k: layer.depth, a: weight, lda: layer.depth,
          b: panel,
          ldb: rows * outputWidth, c: y + row * outputWidth, ldc: layer.outputPlane)
        inference_bias_activation(
          y + row * outputWidth, layer.outputsPerGroup, rows * outputWidth, layer.outputPlane, bias,
          layer.outputRelu)
        row += rows
      }
    }
  }
}

/// A 1×1 convolution of stride 1: the image itself is the panel.
struct PointwiseConvolution: PreparedKernel {
  let layer: ConvolutionLayer

  func run() {
    let plane = layer.outputPlane
    for block in 0..<layer.batch * layer.groups {
      let group = block % layer.groups
      let y = layer.y + block * layer.outputsPerGroup * plane
      BLAS.sgemm(
        m: layer.outputsPerGroup, n: plane, k: layer.inputsPerGroup,
        a: layer.weight + group * layer.outputsPerGroup * layer.inputsPerGroup, lda: layer.inputsPerGroup,
        b: layer.x + block * layer.inputsPerGroup * plane, ldb: plane, c: y, ldc: plane)
      inference_bias_activation(
        y, layer.outputsPerGroup, plane, plane, layer.bias.map { $0 + group * layer.outputsPerGroup },
        layer.outputRelu)
    }
  }
}

/// One input channel per group, tap by tap.
struct DepthwiseConvolution: PreparedKernel {
  let layer: ConvolutionLayer

  func run() {
    for image in 0..<layer.batch {
      inference_depthwise(
        layer.window, layer.x + image * layer.groups * layer.inputPlane, layer.groups, layer.outputsPerGroup,
        layer.weight, layer.bias, layer.inputRelu, layer.outputRelu,
        layer.y + image * layer.groups * layer.outputsPerGroup * layer.outputPlane)
    }
  }
}
