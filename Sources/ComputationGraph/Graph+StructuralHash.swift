import Foundations

extension Graph {
  /// A hash of everything that matters to execution — kinds, attributes, shapes, types and wiring — and of no
  /// name. Equal graphs built in the same way have equal hashes in every process.
  ///
  /// - Complexity: linear in operators and their inputs.
  public var structuralHash: UInt64 {
    var hasher = StableHasher()
    hasher.combine(inputs.count)
    for list in [inputs, outputs] { for id in list { hasher.combine(id.index) } }
    for tensor in tensors {
      hasher.combine(tensor.elementType.rawValue)
      hasher.combine(tensor.role == .weight ? 1 : 0)
      hasher.combine(tensor.shape.description)
      if tensor.layout != .nchw { hasher.combine(tensor.layout.rawValue) }
    }
    for node in operators {
      hasher.combine("\(node.kind)")
      for list in [node.inputs, node.outputs] {
        hasher.combine(list.count)
        for id in list { hasher.combine(id.index) }
      }
    }
    return hasher.value
  }
}
