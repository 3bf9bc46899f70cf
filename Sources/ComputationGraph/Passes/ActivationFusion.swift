/// Removes operators that are activations by letting a neighbour apply them: the producer as it writes or, a ReLU, the
/// convolutions that read as they read. Results are the same; the tensor between disappears.
public enum ActivationFusion {
  /// The graph with every activation fused that can be.
  ///
  /// An activation is fused into its producer (convolution, batch norm or sum) if nothing else reads that result; else
  /// a ReLU into its readers, if all of them are convolutions of it and it is kept by no one. The second form keeps the
  /// tensor before the ReLU alive instead of the one after it, which pays where others read that too.
  ///
  /// - Complexity: linear in operators and their connections.
  public static func apply(to graph: Graph) throws(GraphError) -> Graph {
    var editor = GraphEditor(graph)
    for id in graph.operatorIDs {
      guard let activation = activation(of: graph[id].kind) else { continue }
      if !fuse(activation, id, of: graph, &editor), activation == .relu {
        fuseIntoReaders(id, of: graph, &editor)
      }
    }
    return try editor.rebuild()
  }

  private static func activation(of kind: OperatorKind) -> Activation? {
    switch kind {
    case .relu: .relu
    case .elementwise(let function): function.activation
    default: nil
    }
  }

  // Who reads and who keeps a tensor is asked of the original graph: fusing moves readers from one side of a ReLU
  // to the other and adds none elsewhere. Kinds are asked of the editor, because a neighbour may apply two
  // activations, one as it reads and one as it writes.

  /// Makes the producer apply an activation; false if it cannot.
  private static func fuse(
    _ activation: Activation, _ id: OperatorID, of graph: Graph, _ editor: inout GraphEditor
  ) -> Bool {
    let source = graph[id].inputs[0]
    guard let producer = graph.producers[source.index], let node = editor.operators[producer.index],
      graph.readers[source.index].count == 1, !graph.outputs.contains(source)
    else { return false }
    let kind: OperatorKind
    switch node.kind {
    case .convolution(let window, let groups, let before, .none):
      kind = .convolution(window: window, groups: groups, inputActivation: before, activation: activation)
    case .batchNormalization(let epsilon, .none):
      kind = .batchNormalization(epsilon: epsilon, activation: activation)
    case .add(.none): kind = .add(activation: activation)
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
        case .convolution(let window, let groups, .none, let after) = node.kind,
        !node.inputs.dropFirst().contains(result)
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
