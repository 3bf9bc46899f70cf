import CMicrokernels
import ComputationGraph

/// A convolution of one group that writes its result in another layout than NCHW: vectors run over output channels.
struct BlockedConvolution: PreparedKernel {
  private let layer: blocked_layer
  private let operands: KernelOperands
  private let packedWeights: UnsafePointer<Float>

  /// Packs the weights. - Parameter packedWeights: `blocked_weight_floats` floats that live as long as the kernel.
  init(layer: blocked_layer, operands: KernelOperands, packedWeights: UnsafeMutablePointer<Float>) {
    withUnsafePointer(to: layer) { blocked_pack_weights($0, operands.inputs[1], packedWeights) }
    self.layer = layer
    self.operands = operands
    self.packedWeights = UnsafePointer(packedWeights)
  }

  func run(part: Int, of parts: Int) {
    withUnsafePointer(to: layer) { layer in
      blocked_convolution(
        layer, operands.inputs[0], packedWeights, operands.inputs.count > 2 ? operands.inputs[2] : nil,
        operands.inputs.count > 3 ? operands.inputs[3] : nil, operands.output, part, parts)
    }
  }
}

/// A depthwise convolution whose input and result are in the same layout, other than NCHW.
struct BlockedDepthwise: PreparedKernel {
  private let layer: blocked_layer
  private let operands: KernelOperands
  private let packedWeights: UnsafePointer<Float>

  /// Packs the weights. - Parameter packedWeights: `blocked_depthwise_weight_floats` floats that live as long as the kernel.
  init(layer: blocked_layer, operands: KernelOperands, packedWeights: UnsafeMutablePointer<Float>) {
    withUnsafePointer(to: layer) { blocked_pack_depthwise_weights($0, operands.inputs[1], packedWeights) }
    self.layer = layer
    self.operands = operands
    self.packedWeights = UnsafePointer(packedWeights)
  }

  func run(part: Int, of parts: Int) {
    withUnsafePointer(to: layer) { layer in
      blocked_depthwise(
        layer, operands.inputs[0], packedWeights, operands.inputs.count > 2 ? operands.inputs[2] : nil,
        operands.output, part, parts)
    }
  }
}

/// Maximum or mean under a moving window, in another layout than NCHW.
struct BlockedPool: PreparedKernel {
  let window: inference_window
  let image: Tensor
  let reduction: Pool.Reduction
  let operands: KernelOperands

  func run(part: Int, of parts: Int) {
    let how =
      switch reduction {
      case .maximum: BLOCKED_MAXIMUM
      case .mean(let countsPadding): countsPadding ? BLOCKED_MEAN_WITH_PADDING : BLOCKED_MEAN
      }
    blocked_pool(
      window, image.shape[0], image.shape[1], image.blockChannels, Int32(how), operands.inputs[0],
      operands.output, part, parts)
  }
}

/// The mean of each channel, from any layout.
struct BlockedGlobalAveragePool: PreparedKernel {
  let image: Tensor
  let operands: KernelOperands

  func run(part: Int, of parts: Int) {
    let stored = image.storedElementCount / image.shape[0]
    for index in image.shape[0].share(part, of: parts) {
      blocked_means(
        operands.inputs[0] + index * stored, image.shape[1], image.blockChannels,
        image.shape[2] * image.shape[3], operands.output + index * image.shape[1])
    }
  }
}

/// The same image in another layout. Threads share the pixels.
struct LayoutConversion: PreparedKernel {
  let input: Tensor
  let output: Tensor
  let operands: KernelOperands

  func run(part: Int, of parts: Int) {
    let (from, to) = (input.storedElementCount / input.shape[0], output.storedElementCount / input.shape[0])
    for image in 0..<input.shape[0] {
      blocked_convert(
        operands.inputs[0] + image * from, input.blockChannels, operands.output + image * to,
        output.blockChannels, input.shape[1], input.shape[2] * input.shape[3], part, parts)
    }
  }
}

extension blocked_layer {
  /// A convolution of a graph. - Precondition: it is one.
  init(
    _ node: Operator, of graph: Graph, window: Window2D, inputActivation: Activation, activation: Activation
  ) {
    let (x, y) = (graph[node.inputs[0]], graph[node.outputs[0]])
    self.init(
      window: inference_window(window, input: x.shape, output: y.shape), batch: x.shape[0],
      inputs: x.shape[1], outputs: y.shape[1], inputBlock: x.blockChannels, outputBlock: y.blockChannels,
      inputRelu: inputActivation == .relu ? 1 : 0, outputActivation: activation.code,
      instructionSet: Int32(BLOCKED_BEST))
  }
}
