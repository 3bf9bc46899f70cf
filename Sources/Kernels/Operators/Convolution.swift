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
  let activation: Int32
  let x: UnsafePointer<Float>
  let weight: UnsafePointer<Float>
  let bias: UnsafePointer<Float>?
  /// Of y's shape; added before the activation.
  let addend: UnsafePointer<Float>?
  let y: UnsafeMutablePointer<Float>

  init(
    input: TensorShape, output: TensorShape, window: Window2D, groups: Int, inputRelu: Bool,
    activation: Activation,
    operands: KernelOperands
  ) {
    self.window = inference_window(window, input: input, output: output)
    batch = input[0]
    self.groups = groups
    inputsPerGroup = input[1] / groups
    outputsPerGroup = output[1] / groups
    self.inputRelu = inputRelu ? 1 : 0
    self.activation = activation.code
    x = UnsafePointer(operands.inputs[0])
    weight = UnsafePointer(operands.inputs[1])
    bias = operands.inputs.count > 2 ? UnsafePointer(operands.inputs[2]) : nil
    addend = operands.inputs.count > 3 ? UnsafePointer(operands.inputs[3]) : nil
    y = operands.output
  }

  /// Rows of a panel: the length of the sums.
  var depth: Int { inputsPerGroup * window.kernelHeight * window.kernelWidth }
  /// Elements of one input image plane.
  var inputPlane: Int { window.height * window.width }
  /// Elements of one output image plane.
  var outputPlane: Int { window.outputHeight * window.outputWidth }
}

/// im2col and matrix product, a bounded number of output rows at a time: a panel holds the windows of a tile of rows
/// for one group. Each thread has a panel of its own.
struct PanelConvolution: PreparedKernel {
  let layer: ConvolutionLayer
  let tiling: RowTiling
  let panels: UnsafeMutablePointer<Float>

  func run(part: Int, of parts: Int) {
    let outputWidth = layer.window.outputWidth
    let panel = panels + tiling.panelRows(beforePart: part) * layer.depth * outputWidth
    for tile in tiling.tiles(ofPart: part) {
      let (block, rows) = tiling[tile]
      let group = block % layer.groups
      let x = layer.x + block * layer.inputsPerGroup * layer.inputPlane
      let place = block * layer.outputsPerGroup * layer.outputPlane + rows.lowerBound * outputWidth
      let y = layer.y + place
      inference_gather(
        layer.window, x, layer.inputsPerGroup, rows.lowerBound, rows.count, layer.inputRelu, panel)
      BLAS.sgemm(
        m: layer.outputsPerGroup, n: rows.count * outputWidth, k: layer.depth,
        a: layer.weight + group * layer.outputsPerGroup * layer.depth, lda: layer.depth, b: panel,
        ldb: rows.count * outputWidth, c: y, ldc: layer.outputPlane)
      inference_bias_activation(
        y, layer.outputsPerGroup, rows.count * outputWidth, layer.outputPlane,
        layer.bias.map { $0 + group * layer.outputsPerGroup }, layer.addend.map { $0 + place },
        layer.activation)
    }
  }
}

/// A 1×1 convolution of stride 1: the image itself is the panel. Threads share the tiles of rows or, where the sums are
/// more than an image has rows of pixels for, the output channels: then none reads all weights.
struct PointwiseConvolution: PreparedKernel {
  let layer: ConvolutionLayer
  let tiling: RowTiling

  func run(part: Int, of parts: Int) {
    let sharesChannels = layer.outputsPerGroup > layer.outputPlane
    let tiles = sharesChannels ? 0..<tiling.count : tiling.tiles(ofPart: part)
    let channels = sharesChannels ? layer.outputsPerGroup.share(part, of: parts) : 0..<layer.outputsPerGroup
    if channels.isEmpty { return }
    let plane = layer.outputPlane
    for tile in tiles {
      let (block, rows) = tiling[tile]
      let first = rows.lowerBound * layer.window.outputWidth
      let channel = block % layer.groups * layer.outputsPerGroup + channels.lowerBound
      let place = (block * layer.outputsPerGroup + channels.lowerBound) * plane + first
      let y = layer.y + place
      let pixels = rows.count * layer.window.outputWidth
      BLAS.sgemm(
        m: channels.count, n: pixels, k: layer.inputsPerGroup,
        a: layer.weight + channel * layer.inputsPerGroup,
        lda: layer.inputsPerGroup, b: layer.x + block * layer.inputsPerGroup * plane + first, ldb: plane,
        c: y,
        ldc: plane)
      inference_bias_activation(
        y, channels.count, pixels, plane, layer.bias.map { $0 + channel }, layer.addend.map { $0 + place },
        layer.activation)
    }
  }
}

/// One input channel per group, tap by tap. Threads share the channels.
struct DepthwiseConvolution: PreparedKernel {
  let layer: ConvolutionLayer

  func run(part: Int, of parts: Int) {
    let channels = layer.groups.share(part, of: parts)
    let multiplier = layer.outputsPerGroup
    let first = channels.lowerBound
    for image in 0..<layer.batch {
      inference_depthwise(
        layer.window, layer.x + (image * layer.groups + first) * layer.inputPlane, channels.count, multiplier,
        layer.weight + first * multiplier * layer.window.kernelHeight * layer.window.kernelWidth,
        layer.bias.map { $0 + first * multiplier }, layer.inputRelu, layer.activation,
        layer.y + (image * layer.groups + first) * multiplier * layer.outputPlane)
    }
  }
}
