import CMicrokernels
import ComputationGraph

/// An operator made ready to run again and again: shapes, pointers and attributes resolved, nothing allocated while
/// it runs.
package protocol PreparedKernel {
  /// Computes the share `part` of `parts` of the output from the inputs. The shares are disjoint, in the workspace too;
  /// all of them together are the output, and may be computed at the same time.
  ///
  /// - Precondition: `parts` is the number of threads of the kernel schedule that the kernel was prepared for.
  func run(part: Int, of parts: Int)
}

extension Int {
  /// The share `part` of `parts` of so many equal pieces of work: contiguous, in order, and even but for one piece.
  package func share(_ part: Int, of parts: Int) -> Range<Int> {
    self * part / parts..<self * (part + 1) / parts
  }
}

/// Where an operator finds its data.
package struct KernelOperands {
  /// The operator's inputs, activations and weights, in the order of its kind's documentation.
  package let inputs: [UnsafeMutablePointer<Float>]
  /// The output.
  package let output: UnsafeMutablePointer<Float>
  /// The workspace, of exactly the bytes that the kernel schedule declares; nil if it declares none.
  package let workspace: UnsafeMutablePointer<Float>?

  /// Creates operands.
  package init(
    inputs: [UnsafeMutablePointer<Float>], output: UnsafeMutablePointer<Float>,
    workspace: UnsafeMutablePointer<Float>? = nil
  ) {
    self.inputs = inputs
    self.output = output
    self.workspace = workspace
  }
}

package enum KernelFactory {
  /// Resolves one operator.
  ///
  /// - Throws: ``KernelError`` if the operator cannot be executed or not under this schedule.
  package static func prepare(
    _ id: OperatorID, of graph: Graph, schedule: KernelSchedule, operands: KernelOperands
  ) throws(KernelError) -> any PreparedKernel {
    let node = graph[id]
    if case .opaque(let type) = node.kind { throw .notExecutable(operatorName: node.name, type: type) }
    guard schedule.applies(to: id, in: graph) else {
      throw .unsupportedSchedule(operatorName: node.name, schedule: schedule)
    }
    let x = graph[node.inputs[0]].shape
    let y = graph[node.outputs[0]].shape
    let image = graph[node.inputs[0]]
    let elements = graph[node.outputs[0]].storedElementCount
    switch node.kind {
    case .convolution(let window, _, let before, let after)
    where schedule.algorithm == .directBlocked || schedule.algorithm == .depthwiseBlocked:
      let layer = blocked_layer(node, of: graph, window: window, inputActivation: before, activation: after)
      return PackedKernel(packedBytes: schedule.packedWeightBytes(for: id, in: graph) ?? 0) { packed in
        if schedule.algorithm == .directBlocked {
          return BlockedConvolution(layer: layer, operands: operands, packedWeights: packed)
        }
        return BlockedDepthwise(layer: layer, operands: operands, packedWeights: packed)
      }
    case .maxPool(let window) where image.layout != .nchw:
      return BlockedPool(
        window: inference_window(window, input: x, output: y), image: image, reduction: .maximum,
        operands: operands)
    case .averagePool(let window, let countsPadding) where image.layout != .nchw:
      return BlockedPool(
        window: inference_window(window, input: x, output: y), image: image,
        reduction: .mean(countsPadding: countsPadding), operands: operands)
    case .globalAveragePool where image.layout != .nchw:
      return BlockedGlobalAveragePool(image: image, operands: operands)
    case .layoutConversion:
      return LayoutConversion(input: image, output: graph[node.outputs[0]], operands: operands)
    case .concat where image.layout != .nchw:
      return Concatenation(blocks: node.inputs.map { graph[$0] }, operands: operands)
    case .convolution(let window, let groups, let before, let after):
      let layer = ConvolutionLayer(
        input: x, output: y, window: window, groups: groups, inputRelu: before == .relu,
        activation: after, operands: operands)
      let workspaceBytes = schedule.workspaceBytes(for: id, in: graph)
      guard workspaceBytes == 0 || operands.workspace != nil else {
        throw .workspaceMismatch(
          operatorName: node.name, declaredBytes: workspaceBytes, plannedBytes: 0)
      }
      return convolution(
        layer, by: schedule, workspace: operands.workspace,
        packedBytes: schedule.packedWeightBytes(for: id, in: graph) ?? 0)
    case .batchNormalization(let epsilon, let after):
      return BatchNormalization(input: x, epsilon: epsilon, activation: after, operands: operands)
    case .relu: return Relu(count: elements, operands: operands)
    case .maxPool(let window):
      return Pool(input: x, output: y, window: window, reduction: .maximum, operands: operands)
    case .averagePool(let window, _) where window.covers(height: x[2], width: x[3]):
      return GlobalAveragePool(images: x[0] * x[1], plane: x[2] * x[3], operands: operands)
    case .averagePool(let window, let countsPadding):
      return Pool(
        input: x, output: y, window: window, reduction: .mean(countsPadding: countsPadding),
        operands: operands)
    case .globalAveragePool:
      return GlobalAveragePool(images: x[0] * x[1], plane: x[2] * x[3], operands: operands)
    case .add(let after): return Sum(count: elements, activation: after, operands: operands)
    case .concat(let axis):
      return Concatenation(inputs: node.inputs.map { graph[$0].shape }, axis: axis, operands: operands)
    case .flatten, .identity, .reshape: return View(count: y.elementCount, operands: operands)
    case .fullyConnected where schedule.algorithm == .dotProducts:
      return DotProducts(images: x[0], columns: x[1], outputs: y[1], operands: operands)
    case .fullyConnected: return FullyConnected(input: x, outputs: y[1], operands: operands)
    case .elementwise, .arithmetic, .softmax, .mean, .layerNormalization, .matrixProduct, .transpose, .slice,
      .pad, .gather, .resize:
      return general(
        node.kind, inputs: node.inputs.map { graph[$0].shape }, output: y, elements: elements,
        operands: operands)
    case .opaque(let type): throw .notExecutable(operatorName: node.name, type: type)
    }
  }

  /// - Precondition: the schedule applies, and there is a workspace if it declares one.
  private static func convolution(
    _ layer: ConvolutionLayer, by schedule: KernelSchedule, workspace: UnsafeMutablePointer<Float>?,
    packedBytes: Int
  ) -> any PreparedKernel {
    let rows = min(schedule.rowTile ?? layer.window.outputHeight, layer.window.outputHeight)
    if schedule.algorithm.packsWeights {
      return PackedKernel(packedBytes: packedBytes) { packed in
        if let tile = schedule.winogradTile {
          return WinogradConvolution(
            layer: layer, tile: tile,
            tileRows: ConvolutionPlans.winogradTileRows(
              schedule.rowTile, batch: layer.batch, outputHeight: layer.window.outputHeight, tile: tile),
            channelGroups: schedule.channelTile ?? KernelSchedule.standardChannelTile,
            products: schedule.algorithm.multipliesByBLAS ? .blas : .microkernels, parts: schedule.threads,
            packedWeights: packed, workspace: workspace!)
        }
        return DirectConvolution(
          layer: layer, rows: schedule.algorithm == .directInPlace ? 0 : rows, schedule: schedule,
          packedWeights: packed,
          workspace: workspace)
      }
    }
    let tiling = RowTiling(
      rows: rows, height: layer.window.outputHeight, images: layer.batch * layer.groups,
      parts: schedule.threads)
    switch schedule.algorithm {
    case .gemm1x1: return PointwiseConvolution(layer: layer, tiling: tiling)
    case .depthwiseDirect: return DepthwiseConvolution(layer: layer)
    default: return PanelConvolution(layer: layer, tiling: tiling, panels: workspace!)
    }
  }
}

/// A kernel together with the weights that it stores in a form of its own.
private final class PackedKernel: PreparedKernel {
  private let memory: MemoryBlock
  private let kernel: any PreparedKernel

  init(packedBytes: Int, _ prepare: (UnsafeMutablePointer<Float>) -> any PreparedKernel) {
    memory = MemoryBlock(bytes: packedBytes)
    kernel = prepare(memory.start.assumingMemoryBound(to: Float.self))
  }

  func run(part: Int, of parts: Int) { kernel.run(part: part, of: parts) }
}

extension inference_window {
  /// A window over images of shape `input`, giving `output` (both N, C, H, W).
  init(_ window: Window2D, input: TensorShape, output: TensorShape) {
    self.init(
      height: input[2], width: input[3], outputHeight: output[2], outputWidth: output[3],
      kernelHeight: window.kernel.height, kernelWidth: window.kernel.width,
      strideHeight: window.stride.height,
      strideWidth: window.stride.width, paddingTop: window.padding.top, paddingLeft: window.padding.left,
      dilationHeight: window.dilation.height, dilationWidth: window.dilation.width)
  }
}
