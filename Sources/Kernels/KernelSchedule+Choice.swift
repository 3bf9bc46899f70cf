import ComputationGraph

extension KernelSchedule {
  /// The kernel schedule of an operator under a policy's row tile.
  ///
  /// The result is canonical: a tile that covers the whole image is nil, so that equal work has equal schedules.
  /// An opaque operator gets `direct`, which no executor accepts.
  ///
  /// - Parameters:
  ///   - rowTile: output rows per panel wherever a panel is needed; nil for the whole image.
  ///   - threads: what the device has; operators that are over too soon for it run on one.
  /// - Precondition: both are positive where given.
  public static func choose(
    for id: OperatorID, in graph: Graph, rowTile: Int?, threads: Int = 1
  ) -> KernelSchedule {
    precondition(rowTile.map { $0 > 0 } ?? true, "a panel has at least one row")
    var schedule = algorithm(for: id, in: graph, rowTile: rowTile)
    if threads > 1, isWorthSharing(id, in: graph) { schedule.threads = threads }
    return schedule
  }

  /// Whether an operator takes so long on one thread, some microseconds, that starting several of them pays.
  public static func isWorthSharing(_ id: OperatorID, in graph: Graph) -> Bool {
    switch graph[id].kind {
    case .flatten, .identity, .reshape: return false
    default: break
    }
    // A core does some 64 multiply-accumulates while it reads and writes one element in a cache.
    let elements = graph[id].inputs.reduce(graph[graph[id].outputs[0]].shape.elementCount) {
      $0 + (graph[$1].role == .activation ? graph[$1].shape.elementCount : 0)
    }
    return graph.macs(of: id) + 16 * elements >= 100_000
  }

  private static func algorithm(for id: OperatorID, in graph: Graph, rowTile: Int?) -> KernelSchedule {
    let node = graph[id]
    switch node.kind {
    case .convolution(_, let groups, _, _) where graph[node.outputs[0]].layout != .nchw:
      return KernelSchedule(algorithm: groups == 1 ? .directBlocked : .depthwiseBlocked)
    case .convolution(_, let groups, _, _):
      // With one group, as in the stem of a grey image, the panel is small and the product about twice as fast.
      if groups > 1, KernelSchedule(algorithm: .depthwiseDirect).applies(to: id, in: graph) {
        return KernelSchedule(algorithm: .depthwiseDirect)
      }
      if KernelSchedule(algorithm: .gemm1x1).applies(to: id, in: graph) {
        return KernelSchedule(algorithm: .gemm1x1)
      }
      let rows = graph[node.outputs[0]].shape[2]
      return KernelSchedule(algorithm: .im2colGEMM, rowTile: rowTile.flatMap { $0 < rows ? $0 : nil })
    case .fullyConnected, .matrixProduct: return KernelSchedule(algorithm: .gemm)
    case .flatten, .identity, .reshape: return KernelSchedule(algorithm: .view)
    default: return KernelSchedule(algorithm: .direct)
    }
  }

  /// Whether the operator can be computed this way.
  public func applies(to id: OperatorID, in graph: Graph) -> Bool {
    let node = graph[id]
    let isDirect = algorithm == .directInPlace || algorithm == .directPanel
    guard threads > 0, channelTile.map({ $0 > 0 && winogradTile != nil }) ?? true,
      lanes == nil || algorithm == .directInPlace, unroll.map({ isDirect && (1...4).contains($0) }) ?? true
    else { return false }
    let layout = graph[node.outputs[0]].layout
    let images = node.inputs.filter { graph[$0].role == .activation }
    let isUniform = images.allSatisfy { graph[$0].layout == layout }
    switch (algorithm, node.kind) {
    case (.directBlocked, .convolution(let window, let groups, _, _)):
      return rowTile == nil && groups == 1 && layout != .nchw && graph[node.outputs[0]].blockChannels > 1
        && node.addend.map { graph[$0].layout == layout } ?? true
        && graph[node.inputs[0]].shape[1] <= LayoutAssignment.mostInterleavedChannels
        && window.kernel.width <= LayoutAssignment.mostKernelColumns
    case (.depthwiseBlocked, .convolution(_, let groups, _, _)):
      return rowTile == nil && node.addend == nil && layout != .nchw && isUniform
        && graph[node.outputs[0]].blockChannels > 1
        && groups == graph[node.inputs[0]].shape[1] && groups == graph[node.outputs[0]].shape[1]
    case (.direct, .layoutConversion): return rowTile == nil && !isUniform
    case (.direct, .maxPool), (.direct, .averagePool), (.direct, .add), (.direct, .relu),
      (.direct, .elementwise):
      return rowTile == nil && isUniform
    case (.direct, .concat(let axis)): return rowTile == nil && isUniform && (layout == .nchw || axis == 1)
    case (.direct, .globalAveragePool): return rowTile == nil && layout == .nchw
    case _ where layout != .nchw || !isUniform: return false
    case (.im2colGEMM, .convolution): return rowTile.map { $0 > 0 } ?? true
    case (.directPanel, .convolution):
      return rowTile.map { $0 > 0 } ?? true && ConvolutionPlans.directApplies(self, id, in: graph)
    case (.winograd2x2, .convolution(let window, let groups, _, _)),
      (.winograd4x4, .convolution(let window, let groups, _, _)),
      (.winograd2x2GEMM, .convolution(let window, let groups, _, _)),
      (.winograd4x4GEMM, .convolution(let window, let groups, _, _)):
      return rowTile.map { $0 > 0 } ?? true && groups == 1 && window.kernel == Size2D(3)
        && window.stride == Size2D(1) && window.dilation == Size2D(1)
    case (.directInPlace, .convolution):
      return rowTile == nil && ConvolutionPlans.directApplies(self, id, in: graph)
    case (.gemm1x1, .convolution(let window, _, .none, _)):
      return rowTile.map { $0 > 0 } ?? true && window.kernel == Size2D(1) && window.stride == Size2D(1)
        && window.padding == Padding2D(0)
    case (.depthwiseDirect, .convolution):
      return rowTile == nil && node.addend == nil && graph[node.inputs[1]].shape[1] == 1
    case (.gemm, .fullyConnected), (.gemm, .matrixProduct), (.dotProducts, .fullyConnected):
      return rowTile == nil
    case (.view, .flatten), (.view, .identity), (.view, .reshape): return rowTile == nil
    case (.direct, .batchNormalization), (.direct, .arithmetic), (.direct, .softmax),
      (.direct, .mean), (.direct, .layerNormalization), (.direct, .transpose), (.direct, .slice),
      (.direct, .pad), (.direct, .gather), (.direct, .resize):
      return rowTile == nil
    default: return false
    }
  }

  /// The scratch memory that the kernel uses, in bytes: exactly, neither more nor less.
  ///
  /// For `im2colGEMM` it is (C / groups) · kernel height · kernel width · row tile · output width · 4 for each thread; a
  /// panel serves one group and one image after the other. Those of `directPanel` and the Winograd algorithms are what their
  /// kernels say; every other algorithm needs none.
  public func workspaceBytes(for id: OperatorID, in graph: Graph) -> Int {
    guard case .convolution(_, let groups, _, _) = graph[id].kind else { return 0 }
    switch algorithm {
    case .im2colGEMM: break
    case .directPanel, .winograd2x2, .winograd4x4, .winograd2x2GEMM, .winograd4x4GEMM:
      return ConvolutionPlans.workspaceFloats(self, id, in: graph) * MemoryLayout<Float>.size
    default: return 0
    }
    let weight = graph[graph[id].inputs[1]].shape
    let output = graph[graph[id].outputs[0]].shape
    let tiling = RowTiling(
      rows: min(rowTile ?? output[2], output[2]), height: output[2], images: output[0] * groups,
      parts: threads)
    return weight[1] * weight[2] * weight[3] * tiling.panelRows * output[3] * MemoryLayout<Float>.size
  }
}
