import ComputationGraph

/// Collects the storages of a graph in topological order, so that a view's input has its storage already.
struct StorageTable {
  /// A Concat whose inputs are written one behind the other, so that it copies nothing.
  struct Elision {
    let operatorID: OperatorID
    /// The storages of its result, in order.
    let parts: [Int]
  }

  private let graph: Graph
  private(set) var storages: [MemoryProblem.Storage] = []
  /// The storages of each tensor: none of a weight, several of an elided result and its views.
  private(set) var indices: [[Int]]
  /// The elided Concats in topological order.
  private(set) var elisions: [Elision] = []

  /// Creates the table.
  ///
  /// - Throws: ``SchedulingError`` naming the first of `elidedConcats` that cannot be elided for itself; whether all
  ///   go together is for ``RigidGroup`` to say.
  init(graph: Graph, sharesViews: Bool, elidedConcats: Set<OperatorID>) throws(SchedulingError) {
    self.graph = graph
    indices = [[Int]](repeating: [], count: graph.tensors.count)
    for id in elidedConcats where !graph.operators.indices.contains(id.index) {
      throw .unknownOperator(index: id.index)
    }
    for input in graph.inputs where graph[input].role == .activation && indices[input.index].isEmpty {
      add(input, producer: nil)
    }
    for id in graph.kahnOrder() {
      let node = graph[id]
      if elidedConcats.contains(id) {
        let parts = try elidedParts(of: id)
        elisions.append(Elision(operatorID: id, parts: parts))
        join(node.outputs[0], parts)
        continue
      }
      for (position, output) in node.outputs.enumerated() {
        if position == 0, sharesViews, MemoryModel.viewTypes.contains(node.kind.typeName),
          let source = node.inputs.first, !indices[source.index].isEmpty
        {
          join(output, indices[source.index])
        } else {
          add(output, producer: id)
        }
      }
    }
    for (index, storage) in storages.enumerated() {
      storages[index].readers =
        storage.tensors.count == 1
        ? graph.readers[storage.base.index]
        : Set(storage.tensors.flatMap { graph.readers[$0.index] }).sorted()
    }
    for output in graph.outputs {
      for storage in indices[output.index] { storages[storage].isKept = true }
    }
  }

  /// The storages that the result of a Concat consists of once it is elided.
  ///
  /// - Throws: ``SchedulingError/concatNotElidable(operatorName:reason:)``.
  func elidedParts(of id: OperatorID) throws(SchedulingError) -> [Int] {
    func refusal(_ reason: String) -> SchedulingError {
      .concatNotElidable(operatorName: graph[id].name, reason: reason)
    }
    guard graph[id].kind.typeName == "Concat" else { throw refusal("it is no Concat") }
    guard graph.hasContiguousInputs(id) else {
      throw refusal("its inputs do not lie one behind the other in its result")
    }
    var parts: [Int] = []
    for input in graph[id].inputs {
      let found = indices[input.index]
      guard found.reduce(0, { $0 + storages[$1].bytes }) == graph[input].byteCount else {
        throw refusal("its input '\(graph[input].name)' is only a part of a storage")
      }
      parts += found
    }
    guard Set(parts).count == parts.count else { throw refusal("its result holds one storage twice") }
    return parts
  }

  private mutating func add(_ tensor: TensorID, producer: OperatorID?) {
    indices[tensor.index] = [storages.count]
    storages.append(
      MemoryProblem.Storage(
        base: tensor, tensors: [tensor], bytes: graph[tensor].byteCount, producer: producer, readers: [],
        isKept: false))
  }

  private mutating func join(_ tensor: TensorID, _ hosts: [Int]) {
    indices[tensor.index] = hosts
    for host in hosts { storages[host].tensors.append(tensor) }
  }
}

extension Graph {
  /// Whether the bytes of a Concat's result are those of its inputs, all activations, one input after the other:
  /// all dimensions before the axis are 1. The axis of an operator known by its type only follows from the shapes.
  fileprivate func hasContiguousInputs(_ id: OperatorID) -> Bool {
    let node = self[id]
    guard node.outputs.count == 1, let first = node.inputs.first else { return false }
    let result = self[node.outputs[0]]
    let shape = result.shape.dimensions
    for input in node.inputs {
      let tensor = self[input]
      guard tensor.role == .activation, tensor.elementType == result.elementType, tensor.byteCount > 0,
        tensor.shape.rank == shape.count, tensor.layout == .nchw, result.layout == .nchw
      else { return false }
    }
    if node.inputs.count == 1 { return self[first].shape == result.shape }
    // Extents are positive, so the axis is the only dimension in which the result exceeds its inputs.
    guard let axis = shape.indices.first(where: { self[first].shape[$0] != shape[$0] }) else { return false }
    let fits = node.inputs.allSatisfy { input in
      shape.indices.allSatisfy { $0 == axis || self[input].shape[$0] == shape[$0] }
    }
    return fits && shape[..<axis].allSatisfy { $0 == 1 }
      && node.inputs.reduce(0) { $0 + self[$1].shape[axis] } == shape[axis]
  }
}
