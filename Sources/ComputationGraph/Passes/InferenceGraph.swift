/// How far neighbouring operators are merged for inference: a graph-level choice of the scheduling policy.
public enum FusionLevel: String, Hashable, Codable, Sendable, CaseIterable {
  /// Batch norm is folded; every activation is an operator of its own.
  case none
  /// Activations are applied by a neighbour as well (``ActivationFusion``).
  case activation
  /// As ``activation``, and a sum of two is computed by the convolution that makes one of them (``ResidualFusion``).
  case residual
  /// As ``residual``, and Concats are not executed where their inputs can be written side by side from the start. The
  /// graph is that of ``residual``: planning makes the difference.
  case concat
}

/// A network made ready to run: batch norm folded, operators fused and images laid out as the policy says.
///
///     let inference = try InferenceGraph(trainingGraph, fusion: .activation)
///     let weights = inference.convert(trainedWeights)
public struct InferenceGraph: Sendable {
  /// The graph to schedule and execute.
  public let graph: Graph
  private let folding: BatchNormalizationFolding

  /// Rewrites a graph in training form.
  ///
  /// - Parameter convertsBoundary: whether inputs and outputs stay NCHW, whatever the layout (``LayoutAssignment``).
  public init(
    _ training: Graph, fusion: FusionLevel, layout: TensorLayout = .nchw, convertsBoundary: Bool = true
  ) throws(GraphError) {
    folding = try BatchNormalizationFolding(training)
    let fused: Graph
    switch fusion {
    case .none: fused = folding.graph
    case .activation: fused = try ActivationFusion.apply(to: folding.graph)
    // In this order, so that a sum has its activation already.
    case .residual, .concat: fused = try ResidualFusion.apply(to: ActivationFusion.apply(to: folding.graph))
    }
    graph = try LayoutAssignment.apply(layout, to: fused, convertsBoundary: convertsBoundary)
  }

  /// The weights of ``graph`` from those of the training form. - Precondition: they fit it.
  public func convert(_ training: WeightValues) -> WeightValues { folding.convert(training) }
}
