import CMicrokernels
import ComputationGraph

/// What the kernels with plans of their own say of a convolution: bytes of workspace and of packed weights.
enum ConvolutionPlans {
  /// The most taps of a kernel that direct convolution from a panel can have.
  static let mostDirectTaps = 1024

  /// Whether a direct convolution has a kernel with the schedule's lanes and unrolling.
  static func directApplies(_ schedule: KernelSchedule, _ id: OperatorID, in graph: Graph) -> Bool {
    guard var plan = direct(id, in: graph, schedule) else { return false }
    return schedule.algorithm == .directInPlace
      ? direct_runs_in_place(&plan) != 0 : direct_takes_panels(&plan) != 0
  }

  /// Floats of workspace under a schedule with a plan of its own; 0 under any other.
  static func workspaceFloats(_ schedule: KernelSchedule, _ id: OperatorID, in graph: Graph) -> Int {
    if let tile = schedule.winogradTile {
      var plan = winograd(id, in: graph, tile: tile, schedule)
      return winograd_workspace_floats(&plan, schedule.threads)
    }
    guard schedule.algorithm == .directPanel, var plan = direct(id, in: graph, schedule) else { return 0 }
    let rows = graph[graph[id].outputs[0]].shape[2]
    return direct_workspace_floats(&plan, min(schedule.rowTile ?? rows, rows), schedule.threads)
  }

  /// Floats of packed weights; nil where the weights are read as they are.
  static func packedWeightFloats(_ schedule: KernelSchedule, _ id: OperatorID, in graph: Graph) -> Int? {
    if let tile = schedule.winogradTile {
      var plan = winograd(id, in: graph, tile: tile, schedule)
      return winograd_weight_floats(&plan)
    }
    if schedule.algorithm == .directBlocked || schedule.algorithm == .depthwiseBlocked {
      guard case .convolution(let window, _, let before, let after) = graph[id].kind else { return nil }
      var layer = blocked_layer(
        graph[id], of: graph, window: window, inputActivation: before, activation: after)
      return schedule.algorithm == .directBlocked
        ? blocked_weight_floats(&layer) : blocked_depthwise_weight_floats(&layer)
    }
    guard schedule.algorithm.packsWeights, var plan = direct(id, in: graph, schedule) else { return nil }
    return direct_weight_floats(&plan)
  }

  private static func winograd(
    _ id: OperatorID, in graph: Graph, tile: Int, _ schedule: KernelSchedule
  ) -> winograd_plan {
    let node = graph[id]
    guard case .convolution(let window, _, _, _) = node.kind else { preconditionFailure("no convolution") }
    let (x, y) = (graph[node.inputs[0]].shape, graph[node.outputs[0]].shape)
    return WinogradConvolution.plan(
      inputChannels: x[1], outputChannels: y[1], window: inference_window(window, input: x, output: y),
      batch: x[0], tile: tile,
      tileRows: winogradTileRows(schedule.rowTile, batch: x[0], outputHeight: y[2], tile: tile),
      channelGroups: schedule.channelTile ?? KernelSchedule.standardChannelTile)
  }

  /// Rows of tiles at once: as many as asked for or, through all images, as there are.
  static func winogradTileRows(_ rowTile: Int?, batch: Int, outputHeight: Int, tile: Int) -> Int {
    let all = batch * ((outputHeight + tile - 1) / tile)
    return min(rowTile ?? all, all)
  }

  fileprivate static func direct(
    _ id: OperatorID, in graph: Graph, _ schedule: KernelSchedule
  ) -> direct_plan? {
    let node = graph[id]
    guard case .convolution(let window, let groups, _, _) = node.kind,
      window.kernel.height * window.kernel.width <= mostDirectTaps
    else { return nil }
    let (x, y) = (graph[node.inputs[0]].shape, graph[node.outputs[0]].shape)
    return DirectConvolution.plan(
      window: inference_window(window, input: x, output: y), batch: x[0], groups: groups,
      inputs: x[1] / groups, outputs: y[1] / groups, schedule)
  }
}

extension KernelSchedule {
  /// What lies side by side in the vectors of a direct convolution, by the schedule or the kernel's own estimate; nil if it
  /// does not apply, or is no direct convolution.
  public func chosenLanes(for id: OperatorID, in graph: Graph) -> VectorLanes? {
    guard algorithm == .directInPlace || algorithm == .directPanel,
      let plan = ConvolutionPlans.direct(id, in: graph, self)
    else { return nil }
    return plan.lanes == Int32(DIRECT_PIXELS) ? .pixels : .channels
  }

  /// Rows and columns of a Winograd tile's outputs; nil for other algorithms.
  var winogradTile: Int? {
    switch algorithm {
    case .winograd2x2, .winograd2x2GEMM: 2
    case .winograd4x4, .winograd4x4GEMM: 4
    default: nil
    }
  }

  /// Bytes of the packed or transformed weights, which are stored instead of the operator's second input; nil if the
  /// kernel reads the weights as they are.
  public func packedWeightBytes(for id: OperatorID, in graph: Graph) -> Int? {
    ConvolutionPlans.packedWeightFloats(self, id, in: graph).map { $0 * MemoryLayout<Float>.size }
  }
}

extension KernelAlgorithm {
  /// Whether the kernel stores the weights in a form of its own.
  public var packsWeights: Bool {
    switch self {
    case .winograd2x2, .winograd4x4, .winograd2x2GEMM, .winograd4x4GEMM, .directInPlace, .directPanel,
      .directBlocked, .depthwiseBlocked:
      true
    case .im2colGEMM, .gemm1x1, .depthwiseDirect, .dotProducts, .gemm, .direct, .view: false
    }
  }

  /// Whether BLAS computes the products.
  public var multipliesByBLAS: Bool {
    switch self {
    case .im2colGEMM, .gemm1x1, .gemm, .winograd2x2GEMM, .winograd4x4GEMM: true
    case .winograd2x2, .winograd4x4, .directInPlace, .directPanel, .directBlocked, .depthwiseBlocked,
      .depthwiseDirect, .dotProducts, .direct, .view:
      false
    }
  }
}
