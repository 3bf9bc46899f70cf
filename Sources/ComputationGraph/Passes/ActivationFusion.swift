/// Removes ReLU operators by letting a neighbour apply them: the producer as it writes, or the convolutions that
/// read as they read. Results are bit-identical; the tensor between disappears.
public enum ActivationFusion {
  /// The graph with every ReLU fused that can be.
  ///
  /// A ReLU is fused into its producer (convolution, batch norm or sum) if nothing else reads that result; else
  /// into its readers, if all of them are convolutions of it and it is kept by no one. The second form keeps the
  /// tensor before the ReLU alive instead of the one after it, which pays where others read that too.
  ///
  /// - Complexity: linear in operators and their connections.
  public static func apply(to graph: Graph) throws(GraphError) -> Graph {
    var editor = GraphEditor(graph)
    for id in graph.operatorIDs {
      guard case .relu = graph[id].kind else { continue }
      if !fuseIntoProducer(id, of: graph, &editor) { fuseIntoReaders(id, of: graph, &editor) }
    }
    return try editor.rebuild()
  }

  // Who reads and who keeps a tensor is asked of the original graph: fusing moves readers from one side of a ReLU
  // to the other and adds none elsewhere. Kinds are asked of the editor, because a neighbour may apply two ReLUs,
  // one as it reads and one as it writes.

  private static func fuseIntoProducer(_ id: OperatorID, of graph: Graph, _ editor: inout GraphEditor) -> Bool
  {
    let source = graph[id].inputs[0]
    guard let producer = graph.producers[source.index], let node = editor.operators[producer.index],
      graph.readers[source.index].count == 1, !graph.outputs.contains(source)
    else { return false }
    let kind: OperatorKind
    switch node.kind {
    case .convolution(let window, let groups, let before, .none):
      kind = .convolution(window: window, groups: groups, inputActivation: before, activation: .relu)
    case .batchNormalization(let epsilon, .none):
      kind = .batchNormalization(epsilon: epsilon, activation: .relu)
    case .add(.none): kind = .add(activation: .relu)
    default: return false
    }
    editor.replace(
      producer, with: Operator(name: node.name, kind: kind, inputs: node.inputs, outputs: graph[id].outputs))
    editor.replace(id, with: nil)
    return true
  }

  private static func fuseIntoReaders(_ id: OperatorID, of graph: Graph, _ editor: inout GraphEditor) {
    let result = graph[id].outputs[0]
    guard !graph.outputs.contains(result), !graph.readers[result.index].isEmpty else { return }
    var fused: [(reader: OperatorID, node: Operator)] = []
    for reader in graph.readers[result.index] {
      guard let node = editor.operators[reader.index],
        case .convolution(let window, let groups, .none, let after) = node.kind
      else { return }
      fused.append(
        (
          reader,
          Operator(
            name: node.name,
            kind: .convolution(window: window, groups: groups, inputActivation: .relu, activation: after),
            inputs: [graph[id].inputs[0]] + node.inputs.dropFirst(), outputs: node.outputs)
        ))
    }
    for (reader, node) in fused { editor.replace(reader, with: node) }
    editor.replace(id, with: nil)
  }
}
