import ComputationGraph

extension KernelSchedule {
  /// The kernel schedule of an operator under a policy's row tile.
  ///
  /// The result is canonical: a tile that covers the whole image is nil, so that equal work has equal schedules.
  /// An opaque operator gets `direct`, which no executor accepts.
  ///
  /// - Parameter rowTile: output rows per panel wherever a panel is needed; nil for the whole image.
  /// - Precondition: `rowTile` is nil or positive.
  public static func choose(for id: OperatorID, in graph: Graph, rowTile: Int?) -> KernelSchedule {
    precondition(rowTile.map { $0 > 0 } ?? true, "a panel has at least one row")
    let node = graph[id]
    switch node.kind {
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
    case .fullyConnected: return KernelSchedule(algorithm: .gemm)
    case .flatten, .identity: return KernelSchedule(algorithm: .view)
    default: return KernelSchedule(algorithm: .direct)
    }
  }

  /// Whether the operator can be computed this way.
  public func applies(to id: OperatorID, in graph: Graph) -> Bool {
    let node = graph[id]
    switch (algorithm, node.kind) {
    case (.im2colGEMM, .convolution): return rowTile.map { $0 > 0 } ?? true
    case (.directPanel, .convolution(let window, _, _, _)):
      return rowTile.map { $0 > 0 } ?? true
        && window.kernel.height * window.kernel.width <= ConvolutionPlans.mostDirectTaps
    case (.winograd2x2, .convolution(let window, let groups, _, _)),
      (.winograd4x4, .convolution(let window, let groups, _, _)):
      return rowTile.map { $0 > 0 } ?? true && groups == 1 && window.kernel == Size2D(3)
        && window.stride == Size2D(1) && window.dilation == Size2D(1)
    case (.directInPlace, .convolution):
      return rowTile == nil && ConvolutionPlans.runsInPlace(id, in: graph)
    case (.gemm1x1, .convolution(let window, _, .none, _)):
      return rowTile == nil && window.kernel == Size2D(1) && window.stride == Size2D(1)
        && window.padding == Padding2D(0)
    case (.depthwiseDirect, .convolution): return rowTile == nil && graph[node.inputs[1]].shape[1] == 1
    case (.gemm, .fullyConnected), (.view, .flatten), (.view, .identity): return rowTile == nil
    case (.direct, .batchNormalization), (.direct, .relu), (.direct, .maxPool), (.direct, .averagePool),
      (.direct, .globalAveragePool), (.direct, .add), (.direct, .concat):
      return rowTile == nil
    default: return false
    }
  }

  /// The scratch memory that the kernel uses, in bytes: exactly, neither more nor less.
  ///
  /// For `im2colGEMM` it is (C / groups) · kernel height · kernel width · row tile · output width · 4; the panel
  /// serves one group and one image after the other. Those of `directPanel` and the Winograd algorithms are what their
  /// kernels say; every other algorithm needs none.
  public func workspaceBytes(for id: OperatorID, in graph: Graph) -> Int {
    guard case .convolution = graph[id].kind else { return 0 }
    switch algorithm {
    case .im2colGEMM: break
    case .directPanel, .winograd2x2, .winograd4x4:
      return ConvolutionPlans.workspaceFloats(self, id, in: graph) * MemoryLayout<Float>.size
    default: return 0
    }
    let weight = graph[graph[id].inputs[1]].shape
    let output = graph[graph[id].outputs[0]].shape
    let rows = min(rowTile ?? output[2], output[2])
    return weight[1] * weight[2] * weight[3] * rows * output[3] * MemoryLayout<Float>.size
  }
}
