import ComputationGraph
import Foundations
import MemoryPlanning

/// Runs a graph in one array of bytes laid out by a plan, next to a run in which every tensor has bytes of its own.
///
/// What operators compute is made up from the bytes that they read, so that a byte out of place spreads. Element-wise
/// operators and views are copies of their shape only as far as the plan is concerned.
struct ArenaExecution {
  let graph: Graph
  let model: MemoryModel
  let plan: ArenaPlan

  /// The first thing that differs between the two runs, or nil.
  func firstDifference(_ order: [OperatorID]) -> String? {
    var arena = [UInt8](repeating: 0xEE, count: plan.arenaBytes)
    var offsets: [String: Int] = [:]
    var workspaces: [String: Range<Int>] = [:]
    for buffer in plan.buffers {
      if buffer.kind == .workspace {
        workspaces[buffer.storage] = buffer.offset..<buffer.offset + buffer.bytes
      } else {
        offsets[buffer.name] = buffer.offset
      }
    }
    func range(_ tensor: TensorID) -> Range<Int> {
      let start = offsets[graph[tensor].name]!
      return start..<start + graph[tensor].byteCount
    }
    var values: [TensorID: [UInt8]] = [:]
    for input in graph.inputs where values[input] == nil {
      values[input] = pattern(seed: 1000 + input.index, count: graph[input].byteCount)
      arena.replaceSubrange(range(input), with: values[input]!)
    }
    for id in order {
      let node = graph[id]
      func scribble() {
        if let workspace = workspaces[node.name] {
          arena.replaceSubrange(workspace, with: pattern(seed: -id.index, count: workspace.count))
        }
      }
      scribble()
      for input in node.inputs where Array(arena[range(input)]) != values[input]! {
        return "'\(node.name)' reads a damaged '\(graph[input].name)'"
      }
      let read = node.inputs.map { values[$0]! }
      for (position, output) in node.outputs.enumerated() {
        values[output] = result(of: id, position, read)
        let isView = position == 0 && model.views && MemoryModel.viewTypes.contains(node.kind.typeName)
        if !isView, !model.elidedConcats.contains(id) {
          arena.replaceSubrange(range(output), with: values[output]!)
        }
      }
      scribble()
      for output in node.outputs where Array(arena[range(output)]) != values[output]! {
        return "'\(node.name)' leaves a damaged '\(graph[output].name)'"
      }
    }
    let damaged = graph.outputs.first { Array(arena[range($0)]) != values[$0]! }
    return damaged.map { "the output '\(graph[$0].name)' is damaged" }
  }

  private func result(of id: OperatorID, _ position: Int, _ inputs: [[UInt8]]) -> [UInt8] {
    let node = graph[id]
    let count = graph[node.outputs[position]].byteCount
    if MemoryModel.viewTypes.contains(node.kind.typeName), position == 0 { return inputs[0] }
    if node.kind.typeName == "Concat" { return inputs.flatMap { $0 } }
    var mixed = id.index * 31 + position
    for byte in inputs.joined() { mixed = (mixed &* 1_000_003) ^ Int(byte) }
    return pattern(seed: mixed, count: count)
  }

  private func pattern(seed: Int, count: Int) -> [UInt8] {
    var generator = SeededGenerator(seed: UInt64(bitPattern: Int64(seed)))
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
  }
}
