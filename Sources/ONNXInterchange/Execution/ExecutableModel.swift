import ComputationGraph

/// A model as a network that Tandem can run: every operator of an executable kind, every tensor float32.
///
///     let executable = try ONNXModel.load(from: url).executable()
///     let weights = try executable.storedWeights()
///     let inference = try InferenceGraph(executable.graph, fusion: .activation)
///
/// Weights are named after the operator that reads them, and each belongs to one operator, so that folding one batch
/// norm touches no other layer.
public struct ExecutableModel: Sendable {
  /// A weight that the file names but holds no values of.
  public struct MissingWeight: Hashable, Sendable {
    /// The weight's name in ``ExecutableModel/graph``.
    public let weight: String
    /// Its name in the file.
    public let storedName: String
    /// The node that reads it.
    public let node: String
  }

  /// The path of the file as given, for errors.
  public let source: String
  /// The network in training form: batch norms and activations are operators of their own.
  public let graph: Graph
  /// The weights whose values are not in the file, in the order of the operators that read them.
  public let missingWeights: [MissingWeight]
  private let stored: WeightValues

  init(source: String, graph: Graph, stored: WeightValues, missingWeights: [MissingWeight]) {
    self.source = source
    self.graph = graph
    self.stored = stored
    self.missingWeights = missingWeights
  }

  /// The values of all weights of ``graph``.
  ///
  /// - Throws: ``ONNXError/missingWeightValues(file:tensor:node:)`` if the file lacks some.
  public func storedWeights() throws(ONNXError) -> WeightValues {
    if let first = missingWeights.first {
      throw .missingWeightValues(file: source, tensor: first.storedName, node: first.node)
    }
    return stored
  }

  /// The values of all weights of ``graph``: the file's where it has them, else those given.
  ///
  /// - Precondition: `other` has values for every missing weight.
  public func weights(completedBy other: WeightValues) -> WeightValues {
    var result = stored
    for missing in missingWeights { result[missing.weight] = other[missing.weight] }
    return result
  }
}

extension ONNXModel {
  /// The model as a network that can be run.
  ///
  /// | ONNX | operator kind |
  /// |---|---|
  /// | Conv | convolution |
  /// | BatchNormalization; Add, Sub, Mul, Div of a convolution with one constant per channel | batch norm |
  /// | Relu, Clip from 0 without a maximum | ReLU |
  /// | Clip, LeakyRelu, Sigmoid, HardSigmoid, HardSwish, Erf, Gelu | element-wise function |
  /// | x · Sigmoid(x), x · HardSigmoid(x), GELU written out | element-wise function |
  /// | MaxPool, GlobalMaxPool, AveragePool | pools |
  /// | GlobalAveragePool, ReduceMean over height and width | global average pool |
  /// | ReduceMean over neighbouring axes | mean |
  /// | Add, Sum of equal shapes | sum |
  /// | Add, Sub, Mul, Div of shapes that broadcast | arithmetic |
  /// | Softmax, LayerNormalization | the same |
  /// | Concat, also of constants | concatenation |
  /// | Gemm, MatMul of a matrix with a weight, Add of its bias | fully connected |
  /// | MatMul | matrix product |
  /// | Identity, Dropout, Flatten, Reshape, Squeeze, Unsqueeze | identity, flatten, reshape |
  /// | Pad by constants | the padding of what reads it, else the same |
  /// | Transpose; Slice in positive steps, Split; Gather by constants | transpose; slice; gather or slice |
  /// | Resize, Upsample of height and width, nearest or linear | resize |
  ///
  /// Everything else is an error. Values are exact but for the order of sums.
  ///
  /// - Throws: ``ONNXError``: what ``schedulingGraph()`` throws, and
  ///   ``ONNXError/notExecutable(file:node:type:reason:)``, ``ONNXError/notFloat32(file:tensor:type:)`` or
  ///   ``ONNXError/invalidWeight(file:tensor:node:reason:)``.
  /// - Complexity: linear in nodes, values and the bytes of the weights.
  public func executable() throws(ONNXError) -> ExecutableModel {
    let (graph, nodeIndices) = try schedulingGraph()
    var importer = ExecutionImporter(
      file: source, source: graph, nodes: nodeIndices.map { proto.graph.node[$0] },
      stored: ModelWeights(proto),
      opset: proto.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }.map { Int($0.version) }
        ?? 1)
    return try importer.run()
  }
}
