import ComputationGraph

/// Functions that files spell out over several nodes, found by their last node.
///
/// | nodes | function |
/// |---|---|
/// | Mul(x, Sigmoid(x)) | SiLU |
/// | Mul(x, HardSigmoid(x)) with a slope of 1/6 and an offset of 1/2 | hard swish |
/// | Mul(Mul(x, Add(Erf(Div(x, √2)), 1)), 1/2) | GELU |
struct FunctionPatterns {
  /// A function of one tensor of the file.
  struct Match {
    let function: ElementwiseFunction
    let input: String
  }

  /// The function that an operator completes.
  private(set) var matches: [OperatorID: Match] = [:]
  /// The operators whose results only such functions use.
  private(set) var absorbed: Set<OperatorID> = []

  private let source: Graph
  private let nodes: [Onnx_NodeProto]
  private let stored: ModelWeights

  init(source: Graph, nodes: [Onnx_NodeProto], stored: ModelWeights) {
    self.source = source
    self.nodes = nodes
    self.stored = stored
    for id in source.operatorIDs {
      switch nodes[id.index].opType {
      case "Sigmoid": addProduct(of: id, .silu)
      case "HardSigmoid":
        let attributes = NodeAttributes(nodes[id.index])
        if (attributes.float("alpha", default: 0.2) - 1 / 6).magnitude < 1e-6,
          attributes.float("beta", default: 0.5) == 0.5
        {
          addProduct(of: id, .hardSwish)
        }
      case "Erf": addGELU(of: id)
      default: break
      }
    }
  }

  /// Mul(x, f(x)) where nothing else reads f(x).
  private mutating func addProduct(of id: OperatorID, _ function: ElementwiseFunction) {
    guard let x = nodes[id.index].input.first, let product = onlyReader(of: id, type: "Mul"),
      other(product, than: id) == x
    else { return }
    matches[product] = Match(function: function, input: x)
    absorbed.insert(id)
  }

  private mutating func addGELU(of erf: OperatorID) {
    guard let quotient = source.predecessors[erf.index].first,
      nodes[quotient.index].opType == "Div", onlyReader(of: quotient, type: "Erf") == erf,
      let x = nodes[quotient.index].input.first, nodes[quotient.index].input.count == 2,
      let root = scalar(nodes[quotient.index].input[1]), (root - Float(2).squareRoot()).magnitude < 1e-6,
      let sum = onlyReader(of: erf, type: "Add"), other(sum, than: erf).flatMap(scalar) == 1,
      let product = onlyReader(of: sum, type: "Mul"), other(product, than: sum) == x,
      let result = onlyReader(of: product, type: "Mul"), other(result, than: product).flatMap(scalar) == 0.5
    else { return }
    matches[result] = Match(function: .gelu, input: x)
    absorbed.formUnion([quotient, erf, sum, product])
  }

  /// The only operator that reads the first result of another one, which is not kept, if it is of a type.
  private func onlyReader(of id: OperatorID, type: String) -> OperatorID? {
    guard let result = source[id].outputs.first, !source.outputs.contains(result),
      source.readers[result.index].count == 1, let reader = source.readers[result.index].first,
      nodes[reader.index].opType == type, nodes[id.index].domain.isEmpty, nodes[reader.index].domain.isEmpty
    else { return nil }
    return reader
  }

  /// The input of an operator of two inputs that is not another one's result.
  private func other(_ id: OperatorID, than producer: OperatorID) -> String? {
    let inputs = nodes[id.index].input
    guard inputs.count == 2, let result = nodes[producer.index].output.first else { return nil }
    let others = inputs.filter { $0 != result }
    return others.count == 1 ? others[0] : nil
  }

  /// The value of a constant of one element.
  private func scalar(_ name: String) -> Float? {
    guard stored.contains(name), case .values(let values) = stored.floats(name), values.count == 1 else {
      return nil
    }
    return values[0]
  }
}
