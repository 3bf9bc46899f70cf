import CMicrokernels

/// A convolution as sums of many output channels and pixels in vector registers, without im2col: from the input where it
/// lies, or from a padded copy of the rows that a few output rows need.
struct DirectConvolution: PreparedKernel {
  private let layer: ConvolutionLayer
  private let plan: direct_plan
  /// Output rows whose input is copied at once; 0 to read it in place.
  private let rows: Int
  private let packedWeights: UnsafePointer<Float>
  private let workspace: UnsafeMutablePointer<Float>?

  /// Packs the layer's weights.
  ///
  /// - Parameters:
  ///   - rows: output rows at once, 0 for in place.
  ///   - schedule: lanes and unrolling.
  ///   - packedWeights: `direct_weight_floats` floats, written here, that live as long as the kernel.
  ///   - workspace: `direct_workspace_floats` floats; nil where `rows` is 0.
  /// - Precondition: with `rows` 0, the plan runs in place.
  init(
    layer: ConvolutionLayer, rows: Int, schedule: KernelSchedule, packedWeights: UnsafeMutablePointer<Float>,
    workspace: UnsafeMutablePointer<Float>?
  ) {
    self.layer = layer
    guard
      var plan = Self.plan(
        window: layer.window, batch: layer.batch, groups: layer.groups, inputs: layer.inputsPerGroup,
        outputs: layer.outputsPerGroup, schedule)
    else { preconditionFailure("the schedule does not apply") }
    plan.layer.inputRelu = layer.inputRelu
    plan.layer.outputActivation = layer.activation
    precondition(rows > 0 ? workspace != nil : direct_runs_in_place(&plan) != 0, "not in place")
    direct_pack_weights(&plan, layer.weight, packedWeights)
    self.plan = plan
    self.rows = rows
    self.packedWeights = UnsafePointer(packedWeights)
    self.workspace = workspace
  }

  /// The plan of a layer, from which the floats of its weights and its workspace follow. What it applies to them does not
  /// matter. Nil if there is none with these lanes and this unrolling.
  static func plan(
    window: inference_window, batch: Int, groups: Int, inputs: Int, outputs: Int, _ schedule: KernelSchedule
  ) -> direct_plan? {
    // Only kernels with pixels side by side copy rows; in place, the plan may choose.
    let lanes =
      switch schedule.lanes {
      case .pixels: DIRECT_PIXELS
      case .channels: DIRECT_CHANNELS
      case nil: schedule.algorithm == .directPanel ? DIRECT_PIXELS : DIRECT_EITHER
      }
    let layer = direct_layer(
      window: window, batch: batch, groups: groups, inputs: inputs, outputs: outputs, inputRelu: 0,
      outputActivation: 0)
    let options = direct_options(lanes: Int32(lanes), vectors: Int32(schedule.unroll ?? 0))
    guard direct_allows(layer, Int32(DIRECT_BEST), options) != 0 else { return nil }
    return direct_plan_with(layer, Int32(DIRECT_BEST), options)
  }

  func run(part: Int, of parts: Int) {
    withUnsafePointer(to: plan) { plan in
      direct_run(
        plan, layer.x, packedWeights, layer.bias, layer.addend, layer.y, rows, workspace, part, parts)
    }
  }
}
