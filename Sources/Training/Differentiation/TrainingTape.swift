import ComputationGraph

/// A network in training form, compiled to a sequence of nodes that run forwards and backwards over one chunk of
/// images in one arena.
///
/// Compilation drops operators that the output does not depend on, fuses batch norm, ReLU and addition
/// (``CombineNode``), decides which gradients are needed, and places every activation and gradient at a fixed
/// offset: values whose lifetimes do not meet share memory. The graph itself is not changed.
struct TrainingTape: Sendable {
  private(set) var nodes: [any TapeNode]
  let parameters: ParameterLayout
  /// The images of a chunk.
  let image: ActivationValue
  /// The logits: one channel per class.
  let logits: ActivationValue
  /// Offsets by storage, for ``ChunkContext``.
  let valueOffsets: [Int]
  let gradientOffsets: [Int]
  /// Offsets of the values where only the forward pass runs: nothing is kept for later, so that they stay near the
  /// caches.
  let inferenceOffsets: [Int]
  /// Floats of the arena, of scratch memory and of packed weights.
  let arenaCount: Int
  let scratchCount: Int
  let packedCount: Int
  /// Whether the tape has no backward pass: activations share memory as soon as they have been read.
  let isForwardOnly: Bool

  /// Compiles a network.
  ///
  /// - Parameters:
  ///   - needsInputGradient: whether a backward pass leaves the gradient of the images, too.
  ///   - isForwardOnly: whether there is no backward pass at all.
  /// - Throws: ``TrainingError/unsupportedGraph(reason:)`` or ``TrainingError/unsupportedOperator(name:reason:)``.
  init(
    _ graph: Graph, algorithm: ConvolutionAlgorithm, kernels: KernelTable, needsInputGradient: Bool = false,
    isForwardOnly: Bool = false
  ) throws(TrainingError) {
    var compiler = try TapeCompiler(
      graph, algorithm: algorithm, kernels: kernels, needsInputGradient: needsInputGradient)
    try compiler.compile()
    nodes = compiler.nodes
    parameters = compiler.parameters
    packedCount = compiler.packedCount
    image = compiler.image
    logits = try compiler.logits()
    scratchCount = nodes.map(\.scratchCount).max() ?? 0

    self.isForwardOnly = isForwardOnly

    let inference = TapeMemory(nodes: nodes, image: image, logits: logits, gradients: nil)
    inferenceOffsets = inference.valueOffsets
    guard !isForwardOnly else {
      valueOffsets = inference.valueOffsets
      gradientOffsets = inference.gradientOffsets
      arenaCount = inference.count
      return
    }
    var gradients = GradientPlan(required: compiler.requiresGradient)
    _ = gradients.target(logits)
    for index in nodes.indices.reversed() { nodes[index].bindGradients(&gradients) }
    let memory = TapeMemory(nodes: nodes, image: image, logits: logits, gradients: gradients)
    valueOffsets = memory.valueOffsets
    gradientOffsets = memory.gradientOffsets
    arenaCount = max(memory.count, inference.count)
  }
}

/// Offsets of activations and gradients in a tape's arena.
private struct TapeMemory {
  var valueOffsets: [Int]
  var gradientOffsets: [Int]
  var count = 0

  /// One buffer with the first and last moment at which it is needed: node i runs forwards at moment i and
  /// backwards at 2n − i, where n is the number of nodes and the moment of the loss.
  private struct Buffer {
    let storage: Int
    let isGradient: Bool
    var size: Int
    var first: Int
    var last: Int
    var offset = 0
  }

  /// Places activations and gradients, or without `gradients` the activations of a forward pass alone.
  init(nodes: [any TapeNode], image: ActivationValue, logits: ActivationValue, gradients: GradientPlan?) {
    let storages = (nodes.flatMap { $0.reads + $0.writes } + [image]).map(\.storage).max()! + 1
    valueOffsets = [Int](repeating: 0, count: storages)
    gradientOffsets = valueOffsets
    let loss = nodes.count
    var values = [Buffer?](repeating: nil, count: storages)
    var slopes = values

    func touch(_ buffers: inout [Buffer?], _ value: ActivationValue, _ isGradient: Bool, at moment: Int) {
      var buffer =
        buffers[value.storage]
        ?? Buffer(
          storage: value.storage, isGradient: isGradient, size: value.count, first: moment, last: moment)
      buffer.size = max(buffer.size, value.count)
      buffer.first = min(buffer.first, moment)
      buffer.last = max(buffer.last, moment)
      buffers[value.storage] = buffer
    }
    touch(&values, image, false, at: -1)
    touch(&values, logits, false, at: loss)
    if gradients != nil { touch(&slopes, logits, true, at: loss) }
    for (index, node) in nodes.enumerated() {
      for value in node.reads + node.writes { touch(&values, value, false, at: index) }
      guard let gradients else { continue }
      for value in node.keeps { touch(&values, value, false, at: 2 * loss - index) }
      for value in node.reads + node.writes where gradients.required[value.storage] {
        touch(&slopes, value, true, at: 2 * loss - index)
      }
    }
    // What the backward pass may need again stays where it is.
    let replaced = gradients == nil ? Self.replace(nodes, &values) : []
    place((values + slopes).compactMap { $0 })
    for (storage, place) in replaced { valueOffsets[storage] = valueOffsets[place] }
  }

  /// Lets results take the place of values that are read for the last time: the storages that need no buffer of their own,
  /// each with the one whose place it takes, in an order in which the latter's is known.
  private static func replace(_ nodes: [any TapeNode], _ buffers: inout [Buffer?]) -> [(Int, Int)] {
    var pairs: [(Int, Int)] = []
    /// The storage in whose buffer each value lies.
    var places = Array(buffers.indices)
    for (index, node) in nodes.enumerated() {
      var candidates = node.replaceable
      for result in node.writes {
        guard let buffer = buffers[result.storage], buffer.first == index,
          let chosen = candidates.firstIndex(where: { value in
            guard let other = buffers[places[value.storage]] else { return false }
            return other.last == index && other.size == buffer.size
          })
        else { continue }
        let place = places[candidates.remove(at: chosen).storage]
        candidates.removeAll { places[$0.storage] == place }
        buffers[place]!.last = buffer.last
        buffers[result.storage] = nil
        places[result.storage] = place
        pairs.append((result.storage, place))
      }
    }
    return pairs
  }

  /// Greedy by size: each buffer at the lowest offset where no buffer placed before is alive at the same time.
  /// Complexity: quadratic in the number of buffers.
  private mutating func place(_ buffers: [Buffer]) {
    var placed: [Buffer] = []
    let order = buffers.indices.sorted { (buffers[$0].size, -$0) > (buffers[$1].size, -$1) }
    for index in order {
      var buffer = buffers[index]
      for other in placed.sorted(by: { $0.offset < $1.offset })
      where other.first <= buffer.last && buffer.first <= other.last {
        if buffer.offset + buffer.size <= other.offset { break }
        buffer.offset = max(buffer.offset, other.offset + other.size)
      }
      placed.append(buffer)
      count = max(count, buffer.offset + buffer.size)
      if buffer.isGradient {
        gradientOffsets[buffer.storage] = buffer.offset
      } else {
        valueOffsets[buffer.storage] = buffer.offset
      }
    }
  }
}
