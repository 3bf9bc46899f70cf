import CMicrokernels
import ComputationGraph

/// A 3×3 convolution with stride 1 by Winograd's minimal filtering: tiles of the input, the weights transformed once,
/// products of channels per position of a tile, and the tiles of the output back.
struct WinogradConvolution: PreparedKernel {
  /// Who computes the products.
  enum Products {
    /// Vector loops of our own.
    case microkernels
    /// OpenBLAS.
    case blas
  }

  let layer: ConvolutionLayer
  let plan: winograd_plan
  let products: Products
  /// How many parts the workspace was planned for.
  let parts: Int
  let packedWeights: UnsafePointer<Float>
  let workspace: UnsafeMutablePointer<Float>

  /// Transforms the layer's weights.
  ///
  /// - Parameters:
  ///   - tile: rows and columns of the output that are computed from one tile of the input: 2 or 4.
  ///   - tileRows: rows of tiles in the workspace at once.
  ///   - channelGroups: groups of 16 output channels in the workspace at once.
  ///   - parts: the threads that may run at the same time.
  ///   - packedWeights: `winograd_weight_floats` floats, written here, that live as long as the kernel.
  ///   - workspace: `winograd_workspace_floats` floats.
  /// - Precondition: ``applies(to:)``.
  init(
    layer: ConvolutionLayer, tile: Int, tileRows: Int, channelGroups: Int, products: Products = .microkernels,
    parts: Int = 1, packedWeights: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    precondition(Self.applies(to: layer), "not a 3×3 convolution of stride 1, dilation 1 and one group")
    self.layer = layer
    var plan = Self.plan(
      inputChannels: layer.inputsPerGroup, outputChannels: layer.outputsPerGroup, window: layer.window,
      batch: layer.batch, tile: tile, tileRows: tileRows, channelGroups: channelGroups)
    plan.inputRelu = layer.inputRelu
    plan.outputActivation = layer.activation
    self.plan = plan
    self.products = products
    self.parts = parts
    withUnsafePointer(to: plan) { winograd_transform_weights($0, layer.weight, packedWeights) }
    self.packedWeights = UnsafePointer(packedWeights)
    self.workspace = workspace
  }

  /// The plan of a layer, from which the floats of its weights and its workspace follow. Whether it applies ReLU does
  /// not matter for them.
  static func plan(
    inputChannels: Int, outputChannels: Int, window: inference_window, batch: Int, tile: Int, tileRows: Int,
    channelGroups: Int
  ) -> winograd_plan {
    winograd_plan(
      batch: batch, inputChannels: inputChannels, outputChannels: outputChannels, height: window.height,
      width: window.width, outputHeight: window.outputHeight, outputWidth: window.outputWidth,
      paddingTop: window.paddingTop, paddingLeft: window.paddingLeft, inputRelu: 0, outputActivation: 0,
      tile: tile,
      tileRows: tileRows, channelGroups: channelGroups)
  }

  /// Whether a layer can be computed this way.
  static func applies(to layer: ConvolutionLayer) -> Bool {
    let window = layer.window
    return layer.groups == 1 && window.kernelHeight == 3 && window.kernelWidth == 3
      && window.strideHeight == 1 && window.strideWidth == 1
      && window.dilationHeight == 1 && window.dilationWidth == 1
  }

  func run(part: Int, of parts: Int) {
    precondition(parts == self.parts, "the workspace was planned for \(self.parts) parts")
    withUnsafePointer(to: plan) { plan in
      switch products {
      case .microkernels:
        winograd_run(plan, layer.x, packedWeights, layer.bias, layer.addend, layer.y, workspace, part, parts)
      case .blas:
        winograd_run_by_products(
          plan,
          { m, n, k, a, lda, b, ldb, c, ldc in
            BLAS.sgemm(m: m, n: n, k: k, a: a!, lda: lda, b: b!, ldb: ldb, c: c!, ldc: ldc)
          },
          layer.x, packedWeights, layer.bias, layer.addend, layer.y, workspace, part, parts)
      }
    }
  }
}
