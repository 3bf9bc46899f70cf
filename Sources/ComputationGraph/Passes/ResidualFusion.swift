/// Removes sums of two by letting the convolution that makes one of them add the other as it writes. Results are the same up
/// to rounding; the tensor between disappears, and with it a pass over three images.
///
/// The other addend must exist before the convolution runs: an order may then need more memory than one in which it comes
/// into being after the convolution.
public enum ResidualFusion {
  /// The graph with every sum fused that can be.
  ///
  /// A sum of two is fused into a convolution of one group, with a bias, without an activation or an addend, if nothing else
  /// reads the convolution's result and it is kept by no one. That is no cycle: what nothing but the sum reads is no part of
  /// what the other addend comes from. The convolution keeps its name and stands in the sum's place; it applies the sum's
  /// activation. If both addends come from such convolutions, the one with the longest way from the inputs adds, because the
  /// other one is free to run at any time before; of equals, the first.
  ///
  /// - Complexity: linear in operators and their connections.
  public static func apply(to graph: Graph) throws(GraphError) -> Graph {
    var editor = GraphEditor(graph)
    let depths = graph.depths()
    for id in graph.operatorIDs {
      guard case .add(let activation) = graph[id].kind, graph[id].inputs.count == 2 else { continue }
      let (first, second) = (graph[id].inputs[0], graph[id].inputs[1])
      var chosen: (producer: OperatorID, addend: TensorID)?
      for (result, addend) in [(first, second), (second, first)] {
        guard let producer = convolution(making: result, for: id, of: graph), addend != result,
          graph[addend].role == .activation,
          chosen.map({ depths[$0.producer.index] < depths[producer.index] }) ?? true
        else { continue }
        chosen = (producer, addend)
      }
      guard let (producer, addend) = chosen,
        case .convolution(let window, let groups, let before, _) = graph[producer].kind
      else { continue }
      // Where the sum was, so that a file's order stays valid.
      editor.replace(
        id,
        with: Operator(
          name: graph[producer].name,
          kind: .convolution(
            window: window, groups: groups, inputActivation: before, activation: activation),
          inputs: graph[producer].inputs + [addend], outputs: graph[id].outputs))
      editor.replace(producer, with: nil)
    }
    return try editor.rebuild()
  }

  /// The convolution that makes a tensor and could add to it; nil if there is none, or others than the sum see the tensor.
  private static func convolution(
    making tensor: TensorID, for sum: OperatorID, of graph: Graph
  ) -> OperatorID? {
    guard let producer = graph.producers[tensor.index],
      case .convolution(_, groups: 1, _, .none) = graph[producer].kind, graph[producer].inputs.count == 3,
      graph.readers[tensor.index] == [sum], !graph.outputs.contains(tensor)
    else { return nil }
    return producer
  }
}

extension Graph {
  /// The operators on the longest way from an input to each operator, itself not counted, by operator index.
  fileprivate func depths() -> [Int] {
    var depths = [Int](repeating: 0, count: operators.count)
    for id in kahnOrder() {
      for successor in successors[id.index] {
        depths[successor.index] = max(depths[successor.index], depths[id.index] + 1)
      }
    }
    return depths
  }
}
