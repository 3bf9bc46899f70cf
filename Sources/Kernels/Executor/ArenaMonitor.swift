import ComputationGraph

/// Watches every word of an arena and of the zones before and after it.
///
/// Before an operator runs, every word that holds no tensor still needed is filled with a canary, the future output
/// and the workspace included, and everything is noted down. Afterwards only words of the output and the workspace
/// may have changed, and no word of the output may be the canary still. Which tensors are needed follows from graph
/// and order, not from the plan's lifetimes: an independent judge of the plan.
///
/// - Complexity: the size of the arena per operator.
final class ArenaMonitor {
  /// Bytes of each guard zone.
  static let guardBytes = 4096
  /// A quiet NaN with a payload that no arithmetic on numbers produces.
  static let canary: UInt32 = 0xFFC0_5AFE

  private let graph: Graph
  private let order: [OperatorID]
  private let layout: ArenaLayout
  /// Keeps the memory alive that `words` points into.
  private let memory: MemoryBlock
  private let words: UnsafeMutableBufferPointer<UInt32>
  private let guardWords = ArenaMonitor.guardBytes / MemoryLayout<UInt32>.size
  /// The step that produces each tensor (−1: a graph input) and the last one that needs it.
  private let lifetimes: [ClosedRange<Int>?]
  private var snapshot: [UInt32]
  private var isNeeded: [Bool]
  /// The end of the last byte of the arena that was ever written.
  private(set) var highWaterBytes = 0

  init(graph: Graph, order: [OperatorID], layout: ArenaLayout, memory: MemoryBlock) {
    self.graph = graph
    self.order = order
    self.layout = layout
    self.memory = memory
    words = UnsafeMutableRawBufferPointer(start: memory.start, count: memory.bytes).bindMemory(
      to: UInt32.self)
    snapshot = [UInt32](repeating: 0, count: words.count)
    isNeeded = [Bool](repeating: false, count: words.count)
    var stepOf = [Int](repeating: 0, count: order.count)
    for (step, id) in order.enumerated() { stepOf[id.index] = step }
    lifetimes = graph.tensors.indices.map { index in
      guard layout.tensors[index] != nil else { return nil }
      let born = graph.producers[index].map { stepOf[$0.index] } ?? -1
      if graph.outputs.contains(TensorID(index)) { return born...order.count }
      return born...max(born, graph.readers[index].map { stepOf[$0.index] }.max() ?? born)
    }
  }

  /// Checks that an input that was copied in has not been overwritten by another one.
  func checkInput(_ id: TensorID, values: [Float]) throws(KernelError) {
    guard let place = layout.tensors[id.index] else { return }
    let range = wordRange(place)
    for (word, value) in zip(range, values) where words[word] != value.bitPattern {
      throw .overlappingInputs(tensor: graph[id].name)
    }
    highWaterBytes = max(highWaterBytes, place.offset + place.bytes)
  }

  /// Fills what nobody needs with the canary and notes everything down.
  func prepare(step: Int) {
    let node = graph[order[step]]
    for word in isNeeded.indices { isNeeded[word] = false }
    var overwritten: Range<Int>?
    for index in lifetimes.indices {
      guard let place = layout.tensors[index], isReadable(index, at: step) else { continue }
      if isOverwritable(TensorID(index), by: node, at: step) {
        overwritten = wordRange(place)
      } else {
        for word in wordRange(place) { isNeeded[word] = true }
      }
    }
    for word in words.indices where !isNeeded[word] && !(overwritten?.contains(word) ?? false) {
      words[word] = Self.canary
    }
    for word in words.indices { snapshot[word] = words[word] }
  }

  /// Compares everything with what was noted down.
  func check(step: Int) throws(KernelError) {
    let id = order[step]
    let node = graph[id]
    let output = layout.tensors[node.outputs[0].index].map(wordRange) ?? 0..<0
    let workspace = layout.workspaces[id.index].map(wordRange) ?? 0..<0
    for word in words.indices where words[word] != snapshot[word] {
      let offset = (word - guardWords) * MemoryLayout<UInt32>.size
      if isNeeded[word] {
        throw .overwritesLiveTensor(
          operatorName: node.name, tensor: owner(of: word, at: step), byteOffset: offset)
      }
      guard output.contains(word) || workspace.contains(word) else {
        throw .writesOutside(operatorName: node.name, byteOffset: offset)
      }
      highWaterBytes = max(highWaterBytes, offset + MemoryLayout<UInt32>.size)
    }
    for word in output where words[word] == Self.canary {
      throw .incompleteOutput(
        operatorName: node.name, byteOffset: (word - guardWords) * MemoryLayout<UInt32>.size)
    }
  }

  private func wordRange(_ place: ArenaLayout.Place) -> Range<Int> {
    let first = guardWords + place.offset / MemoryLayout<UInt32>.size
    return first..<first + place.bytes / MemoryLayout<UInt32>.size
  }

  /// Whether a tensor exists before the step and is read by it or later.
  private func isReadable(_ index: Int, at step: Int) -> Bool {
    guard let lifetime = lifetimes[index] else { return false }
    return lifetime.lowerBound < step && lifetime.upperBound >= step
  }

  /// Whether the operator may write its output over this input: it is element-wise or a view, both have the same
  /// place, and nobody needs the input afterwards.
  private func isOverwritable(_ id: TensorID, by node: Operator, at step: Int) -> Bool {
    switch node.kind {
    case .relu, .add, .batchNormalization, .flatten, .identity, .reshape, .elementwise, .arithmetic: break
    default: return false
    }
    return node.inputs.contains(id) && lifetimes[id.index]?.upperBound == step
      && layout.tensors[id.index] == layout.tensors[node.outputs[0].index]
  }

  private func owner(of word: Int, at step: Int) -> String {
    for index in lifetimes.indices where isReadable(index, at: step) {
      if let place = layout.tensors[index], wordRange(place).contains(word) {
        return graph.tensors[index].name
      }
    }
    return "unknown"
  }
}
