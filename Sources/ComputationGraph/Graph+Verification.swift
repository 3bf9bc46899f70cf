extension Graph {
  static func verifyNames(tensors: [Tensor], operators: [Operator]) throws(GraphError) {
    var seen: Set<String> = []
    for tensor in tensors where !seen.insert(tensor.name).inserted { throw .duplicateName(tensor.name) }
    seen.removeAll(keepingCapacity: true)
    for node in operators where !seen.insert(node.name).inserted { throw .duplicateName(node.name) }
  }

  static func verifyReferences(
    tensors: [Tensor], operators: [Operator], inputs: [TensorID], outputs: [TensorID]
  ) throws(GraphError) {
    for node in operators {
      for id in node.inputs + node.outputs where !tensors.indices.contains(id.index) {
        throw .unknownTensor(operatorName: node.name, index: id.index)
      }
    }
    for id in inputs + outputs where !tensors.indices.contains(id.index) {
      throw .unknownTensor(operatorName: "graph boundary", index: id.index)
    }
  }

  /// Sizes must fit 62 bits, singly and in sum, so that no later sum of live bytes can overflow.
  static func verifySizes(_ tensors: [Tensor]) throws(GraphError) {
    var total = 0
    for tensor in tensors {
      guard let count = tensor.layout.storedElementCount(of: tensor.shape) else {
        throw .sizeOverflow(tensor: tensor.name)
      }
      let (bytes, tooLarge) = count.multipliedReportingOverflow(by: tensor.elementType.byteWidth)
      let (sum, sumTooLarge) = total.addingReportingOverflow(bytes)
      if tooLarge || sumTooLarge || sum > Int.max / 2 { throw .sizeOverflow(tensor: tensor.name) }
      total = sum
    }
  }

  func verifyAcyclic() throws(GraphError) {
    let order = kahnOrder()
    guard order.count < operators.count else { return }
    let sorted = Set(order)
    throw .cycle(operatorNames: operatorIDs.filter { !sorted.contains($0) }.map { self[$0].name })
  }

  /// Checks that an executable operator's outputs have the shape its kind implies, and that an addend is an activation.
  func verify(_ node: Operator) throws(GraphError) {
    if case .opaque = node.kind { return }
    let expected = try ShapeInference.outputShape(
      of: node.kind, name: node.name, inputs: node.inputs.map { self[$0].shape })
    guard node.outputs.count == 1, self[node.outputs[0]].shape == expected else {
      throw .invalidOperator(
        name: node.name,
        reason: "expected one output of shape \(expected), found "
          + node.outputs.map { "\(self[$0].shape)" }.joined(separator: ", "))
    }
    if let addend = node.addend, self[addend].role != .activation {
      throw .invalidOperator(name: node.name, reason: "the addend '\(self[addend].name)' is no activation")
    }
  }
}
