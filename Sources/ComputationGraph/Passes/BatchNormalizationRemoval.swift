extension Graph {
  /// The network with every batch norm left out; what a batch norm rectified is still rectified.
  ///
  /// - Throws: ``GraphError`` only if the rewritten graph breaks a rule.
  package func withoutBatchNormalization() throws(GraphError) -> Graph {
    var editor = GraphEditor(self)
    for id in operatorIDs {
      let norm = self[id]
      guard case .batchNormalization(_, let activation) = norm.kind else { continue }
      let kind: OperatorKind = activation == .relu ? .relu : .identity
      editor.replace(
        id, with: Operator(name: norm.name, kind: kind, inputs: [norm.inputs[0]], outputs: norm.outputs))
    }
    return try editor.rebuild()
  }
}
