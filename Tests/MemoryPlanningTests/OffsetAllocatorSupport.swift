import ComputationGraph
import Foundations
import MemoryPlanning

/// Graphs whose file order gives exactly the lifetimes asked for.
enum RectangleGraphs {
  /// A tensor's first and last step and its size in elements of four bytes.
  struct Rectangle {
    let first: Int
    let last: Int
    let size: Int
  }

  /// Operator s writes the tensors that begin at step s and reads those that end there; an element-wise chain keeps
  /// the order and costs four bytes throughout.
  static func graph(_ rectangles: [Rectangle], steps: Int) throws -> Graph {
    var tensors = rectangles.enumerated().map {
      Tensor(name: "r\($0.offset)", shape: [$0.element.size])
    }
    var operators: [Operator] = []
    for step in 0..<steps {
      let link = TensorID(tensors.count)
      tensors.append(Tensor(name: "link\(step)", shape: [1]))
      let read = rectangles.indices.filter { rectangles[$0].last == step && rectangles[$0].first < step }
      let written = rectangles.indices.filter { rectangles[$0].first == step }
      operators.append(
        Operator(
          name: "step\(step)", kind: .opaque(type: "Relu"),
          inputs: (step == 0 ? [] : [TensorID(link.index - 1)]) + read.map(TensorID.init),
          outputs: [link] + written.map(TensorID.init)))
    }
    return try Graph(
      name: "rectangles", tensors: tensors, operators: operators, inputs: [],
      outputs: [TensorID(tensors.count - 1)])
  }

  static func random(count: Int, steps: Int, largest: Int, using generator: inout SeededGenerator) throws
    -> Graph
  {
    let rectangles = (0..<count).map { _ in
      let first = Int.random(in: 0..<steps, using: &generator)
      let length = Int.random(in: 0...Int.random(in: 0..<steps, using: &generator), using: &generator)
      return Rectangle(
        first: first, last: min(steps - 1, first + length),
        size: Int.random(in: 1...largest, using: &generator))
    }
    return try graph(rectangles, steps: steps)
  }
}

/// The smallest arena for a plan's lifetimes, by trying every offset for every buffer.
struct OffsetOracle {
  private struct Block {
    let bytes: Int
    let first: Int
    let last: Int
    /// Distance from the offset of the group that it belongs to.
    let distance: Int
  }

  private let groups: [[Block]]
  private let alignment: Int
  private let leastBytes: Int

  /// Buffers and groups of them that have to be placed.
  var groupCount: Int { groups.count }

  /// Takes from `plan` what lives when, and from `elided` which buffers keep their places relative to each other.
  init(_ plan: ArenaPlan, graph: Graph, elided: Set<OperatorID>) {
    alignment = plan.alignment
    let own = plan.buffers.filter { ($0.kind == .tensor || $0.kind == .workspace) && $0.bytes > 0 }
    var storageOf: [String: String] = [:]
    for buffer in plan.buffers where buffer.kind != .workspace { storageOf[buffer.name] = buffer.storage }
    var groupOf: [String: String] = [:]
    for buffer in own where buffer.kind == .tensor { groupOf[buffer.name] = buffer.name }
    for id in elided {
      let storages = graph[id].inputs.map { storageOf[graph[$0].name]! }
      let old = Set(storages.map { groupOf[$0]! })
      for (name, group) in groupOf where old.contains(group) { groupOf[name] = groupOf[storages[0]]! }
    }
    var members: [String: [ArenaBuffer]] = [:]
    for buffer in own {
      members[buffer.kind == .tensor ? groupOf[buffer.name]! : buffer.name, default: []].append(buffer)
    }
    groups = members.keys.sorted().map { key in
      let start = members[key]!.map(\.offset).min()!
      return members[key]!.map {
        Block(bytes: $0.bytes, first: $0.firstStep, last: $0.lastStep, distance: $0.offset - start)
      }
    }
    leastBytes = (0..<50).map { step in
      own.reduce(0) { $1.firstStep <= step && step <= $1.lastStep ? $0 + $1.bytes : $0 }
    }.max()!
  }

  /// The optimum, a multiple of the alignment; sizes are multiples of four bytes.
  ///
  /// - Parameter known: an arena that is large enough: nothing larger is tried.
  func optimum(known: Int) -> Int {
    var capacity = (leastBytes + alignment - 1) / alignment * alignment
    while capacity < known, !fits(capacity, []) { capacity += max(alignment, 4) }
    return capacity
  }

  private func fits(_ capacity: Int, _ offsets: [Int]) -> Bool {
    guard offsets.count < groups.count else { return true }
    let group = groups[offsets.count]
    let end = group.map { $0.distance + $0.bytes }.max()!
    var offset = 0
    while offset + end <= capacity {
      let isFree = zip(groups, offsets).allSatisfy { others, start in
        others.allSatisfy { other in
          group.allSatisfy { block in
            block.first > other.last || other.first > block.last
              || offset + block.distance >= start + other.distance + other.bytes
              || start + other.distance >= offset + block.distance + block.bytes
          }
        }
      }
      if isFree, fits(capacity, offsets + [offset]) { return true }
      offset += max(alignment, 4)
    }
    return false
  }
}
