import ComputationGraph
import MemoryPlanning

/// The places of a plan, resolved by tensor and operator and checked against the graph.
struct ArenaLayout {
  /// Bytes from `offset` on.
  struct Place: Hashable {
    let offset: Int
    let bytes: Int
  }

  /// Size of the arena.
  let arenaBytes: Int
  /// The place of each tensor, by tensor index; nil for weights and for what the graph never uses.
  let tensors: [Place?]
  /// The workspace of each operator, by operator index.
  let workspaces: [Place?]

  /// Resolves `plan`.
  ///
  /// - Throws: ``KernelError`` if a tensor has no place, a place does not lie in the arena, or a workspace is not
  ///   what the kernel schedule declares.
  init(_ plan: ArenaPlan, graph: Graph, schedules: [KernelSchedule]) throws(KernelError) {
    var tensorBuffers: [String: ArenaBuffer] = [:]
    var workspaceBuffers: [String: ArenaBuffer] = [:]
    for buffer in plan.buffers {
      if buffer.kind == .workspace {
        workspaceBuffers[buffer.storage] = buffer
      } else {
        tensorBuffers[buffer.name] = buffer
      }
    }
    var tensors = [Place?](repeating: nil, count: graph.tensors.count)
    for (index, tensor) in graph.tensors.enumerated() where tensor.role == .activation {
      let isProduced = graph.producers[index] != nil
      let isUsed = isProduced || !graph.readers[index].isEmpty || graph.outputs.contains(TensorID(index))
      guard let buffer = tensorBuffers[tensor.name] else {
        if isUsed { throw .missingBuffer(tensor: tensor.name) }
        continue
      }
      tensors[index] = try Self.place(
        name: tensor.name, offset: buffer.offset, bytes: tensor.byteCount, arenaBytes: plan.arenaBytes)
    }
    var workspaces = [Place?](repeating: nil, count: graph.operators.count)
    for (index, node) in graph.operators.enumerated() {
      let declared = schedules[index].workspaceBytes(for: OperatorID(index), in: graph)
      let planned = workspaceBuffers[node.name]
      guard declared == planned?.bytes ?? 0 else {
        throw .workspaceMismatch(
          operatorName: node.name, declaredBytes: declared, plannedBytes: planned?.bytes ?? 0)
      }
      if let planned, declared > 0 {
        workspaces[index] = try Self.place(
          name: planned.name, offset: planned.offset, bytes: declared, arenaBytes: plan.arenaBytes)
      }
    }
    arenaBytes = plan.arenaBytes
    self.tensors = tensors
    self.workspaces = workspaces
  }

  private static func place(name: String, offset: Int, bytes: Int, arenaBytes: Int) throws(KernelError)
    -> Place
  {
    guard offset >= 0, offset % MemoryLayout<Float>.alignment == 0, bytes <= arenaBytes - offset else {
      throw .invalidBuffer(name: name, offset: offset, bytes: bytes, arenaBytes: arenaBytes)
    }
    return Place(offset: offset, bytes: bytes)
  }
}
