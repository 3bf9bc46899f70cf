extension Graph {
  /// Multiply–accumulate operations of one executable operator: convolutions, fully connected layers and matrix products
  /// only, as is usual in the field; 0 for everything else.
  public func macs(of id: OperatorID) -> Int {
    let node = self[id]
    switch node.kind {
    case .convolution, .fullyConnected:
      let weight = self[node.inputs[1]].shape
      return self[node.outputs[0]].shape.elementCount * (weight.elementCount / max(weight[0], 1))
    case .matrixProduct:
      let a = self[node.inputs[0]].shape
      return self[node.outputs[0]].shape.elementCount * a[a.rank - 1]
    default: return 0
    }
  }

  /// Multiply–accumulate operations of the whole graph, at the graph's batch size.
  public var macs: Int { operatorIDs.reduce(0) { $0 + macs(of: $1) } }

  /// The number of trainable parameters: all weights but batch norm's running statistics and indices.
  public var parameterCount: Int {
    var untrained: Set<TensorID> = []
    for node in operators {
      if case .batchNormalization = node.kind { untrained.formUnion(node.inputs[3...4]) }
      if case .gather = node.kind { untrained.insert(node.inputs[1]) }
    }
    return weights.reduce(0) { untrained.contains($1) ? $0 : $0 + self[$1].shape.elementCount }
  }

  /// Bytes of all weights, as stored: what counts against a device's flash.
  public var weightBytes: Int { weights.reduce(0) { $0 + self[$1].byteCount } }
}
