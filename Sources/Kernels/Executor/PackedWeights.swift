import ComputationGraph

/// All weights of a graph in one buffer, each aligned to a cache line.
struct PackedWeights {
  private let block: MemoryBlock
  private let offsets: [Int?]

  /// Copies the values of every weight.
  ///
  /// - Throws: ``KernelError/weightMismatch(name:expectedElements:foundElements:)``.
  init(_ values: WeightValues, of graph: Graph) throws(KernelError) {
    var offsets = [Int?](repeating: nil, count: graph.tensors.count)
    var end = 0
    for id in graph.weights {
      offsets[id.index] = end
      end += (graph[id].byteCount + MemoryBlock.alignment - 1) / MemoryBlock.alignment * MemoryBlock.alignment
    }
    block = MemoryBlock(bytes: end)
    self.offsets = offsets
    for id in graph.weights {
      let tensor = graph[id]
      guard let given = values[tensor.name], given.count == tensor.shape.elementCount else {
        throw .weightMismatch(
          name: tensor.name, expectedElements: tensor.shape.elementCount,
          foundElements: values[tensor.name]?.count)
      }
      given.withUnsafeBytes { bytes in
        guard let source = bytes.baseAddress, let offset = offsets[id.index] else { return }
        (block.start + offset).copyMemory(from: source, byteCount: bytes.count)
      }
    }
  }

  /// The values of a weight; nil for an activation.
  func pointer(to id: TensorID) -> UnsafeMutablePointer<Float>? {
    offsets[id.index].map { (block.start + $0).assumingMemoryBound(to: Float.self) }
  }
}
