/// Folds batch norm into the convolution before it: exact up to rounding, and one operator and tensor less.
public struct BatchNormalizationFolding: Sendable {
  /// One folded pair, by the names of its weights.
  struct Fold: Hashable, Sendable {
    let weight: String
    let oldBias: String?
    let newBias: String
    let scale: String
    let shift: String
    let mean: String
    let variance: String
    let epsilon: Float
  }

  /// The graph with biases instead of batch norms wherever a convolution feeds nothing else.
  public let graph: Graph
  let folds: [Fold]

  /// Folds every batch norm whose input is a convolution's result that nothing else reads and that is kept by
  /// no one. The convolution keeps its name and its output tensor gets the batch norm's name.
  ///
  /// - Throws: ``GraphError`` only if the rewritten graph breaks a rule, such as a bias name already in use.
  public init(_ original: Graph) throws(GraphError) {
    var editor = GraphEditor(original)
    var folds: [Fold] = []
    for id in original.operatorIDs {
      let norm = original[id]
      guard case .batchNormalization(let epsilon, let after) = norm.kind,
        let producer = original.producers[norm.inputs[0].index],
        case .convolution(let window, let groups, let before, .none) = original[producer].kind,
        original.readers[norm.inputs[0].index].count == 1, !original.outputs.contains(norm.inputs[0]),
        original[producer].addend == nil
      else { continue }
      let convolution = original[producer]
      let weight = original[convolution.inputs[1]]
      let oldBias = convolution.inputs.count == 3 ? original[convolution.inputs[2]].name : nil
      let newBias = oldBias ?? "\(convolution.name).bias"
      let bias =
        oldBias != nil
        ? convolution.inputs[2]
        : editor.addTensor(Tensor(name: newBias, shape: [weight.shape[0]], role: .weight))
      editor.replace(
        producer,
        with: Operator(
          name: convolution.name,
          kind: .convolution(window: window, groups: groups, inputActivation: before, activation: after),
          inputs: [convolution.inputs[0], convolution.inputs[1], bias], outputs: norm.outputs))
      editor.replace(id, with: nil)
      let names = norm.inputs.map { original[$0].name }
      folds.append(
        Fold(
          weight: weight.name, oldBias: oldBias, newBias: newBias, scale: names[1], shift: names[2],
          mean: names[3], variance: names[4], epsilon: epsilon))
    }
    graph = try editor.rebuild()
    self.folds = folds
  }

  /// The folded graph's weights from the original's.
  ///
  /// - Precondition: `values` fit the original graph.
  public func convert(_ values: WeightValues) -> WeightValues {
    var result = values
    for fold in folds {
      guard var weight = values[fold.weight], let scale = values[fold.scale], let shift = values[fold.shift],
        let mean = values[fold.mean], let variance = values[fold.variance]
      else { preconditionFailure("weights of \(fold.weight) or its batch norm are missing") }
      let perChannel = weight.count / scale.count
      let oldBias = fold.oldBias.flatMap { values[$0] } ?? [Float](repeating: 0, count: scale.count)
      var bias = shift
      for channel in scale.indices {
        let factor = scale[channel] / (variance[channel] + fold.epsilon).squareRoot()
        for index in channel * perChannel..<(channel + 1) * perChannel { weight[index] *= factor }
        bias[channel] = shift[channel] + (oldBias[channel] - mean[channel]) * factor
      }
      result[fold.weight] = weight
      result[fold.newBias] = bias
      for name in [fold.scale, fold.shift, fold.mean, fold.variance] { result[name] = nil }
    }
    return result
  }
}
