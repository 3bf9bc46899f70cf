import ComputationGraph

/// Checks an arena plan against graph, model and order by running through the order with a liveness count of its
/// own: it shares no code with ``MemoryProblem`` or any allocator.
///
/// A plan is accepted if every activation and every workspace has one aligned buffer of its size inside the arena,
/// nothing in use at the same step overlaps except where the model lets it share, and the recorded lifetimes cover
/// the real ones. An operator that may overwrite an input need not, and may choose among those that qualify. The
/// inputs of an elided Concat must lie one behind the other, and only the first of them must be aligned.
public enum PlanValidator {
  /// Returns if `plan` is valid.
  ///
  /// - Throws: the first ``PlanViolation`` found.
  /// - Complexity: steps times the buffers in use at once, with a logarithm for sorting.
  public static func validate(_ plan: ArenaPlan, graph: Graph, model: MemoryModel, order: [OperatorID])
    throws(PlanViolation)
  {
    guard graph.isValidOrder(order) else { throw .invalidOrder }
    var run = try ValidationRun(plan, graph: graph, model: model, order: order)
    for step in order.indices { try run.execute(step) }
    try run.finish()
  }
}

/// A walk through the order that remembers which tensors share bytes and which bytes are still needed.
private struct ValidationRun {
  /// Tensors on the same bytes, and how many reads of them are to come.
  struct Tenancy {
    let root: TensorID
    let bytes: Int
    var pendingReads: Int
    var isOutput: Bool
    var isNeeded: Bool { pendingReads > 0 || isOutput }
  }

  let plan: ArenaPlan
  let graph: Graph
  let model: MemoryModel
  let order: [OperatorID]
  let outputs: Set<TensorID>
  var bufferOfTensor: [TensorID: ArenaBuffer] = [:]
  var workspaceOfOperator: [OperatorID: ArenaBuffer] = [:]
  var readCount: [TensorID: Int] = [:]
  var tenancies: [Tenancy] = []
  /// More than one for the results of elided Concats and their views.
  var tenanciesOfTensor: [TensorID: [Int]] = [:]
  /// Tenancies that follow another one in the result of an elided Concat.
  var followers: Set<Int> = []
  var inUse: Set<Int> = []

  init(_ plan: ArenaPlan, graph: Graph, model: MemoryModel, order: [OperatorID]) throws(PlanViolation) {
    self.plan = plan
    self.graph = graph
    self.model = model
    self.order = order
    outputs = Set(graph.outputs)
    for node in graph.operators { for input in node.inputs { readCount[input, default: 0] += 1 } }
    try checkSizes()
    try matchBuffers()
    for input in graph.inputs where graph[input].role == .activation && tenanciesOfTensor[input] == nil {
      guard let buffer = bufferOfTensor[input] else { throw .missing(name: graph[input].name) }
      guard buffer.kind == .tensor else { throw .wrongKind(name: buffer.name, kind: buffer.kind) }
      try settle(input, buffer: buffer, on: [])
    }
  }

  private func checkSizes() throws(PlanViolation) {
    guard plan.alignment > 0 else { throw .invalidAlignment(plan.alignment) }
    guard plan.arenaBytes >= 0, plan.arenaBytes % plan.alignment == 0, plan.unpaddedArenaBytes >= 0,
      plan.unpaddedArenaBytes <= plan.arenaBytes
    else {
      throw .inconsistentArenaSize(
        arenaBytes: plan.arenaBytes, unpaddedArenaBytes: plan.unpaddedArenaBytes)
    }
    for buffer in plan.buffers {
      guard buffer.offset >= 0 else { throw .misaligned(name: buffer.name, offset: buffer.offset) }
      let (end, overflow) = buffer.offset.addingReportingOverflow(buffer.bytes)
      if buffer.bytes > 0, overflow || end > plan.arenaBytes {
        throw .outsideArena(name: buffer.name, end: overflow ? .max : end, arenaBytes: plan.arenaBytes)
      }
      guard buffer.firstStep >= 0, buffer.firstStep <= buffer.lastStep,
        buffer.lastStep < max(order.count, 1)
      else { throw .wrongLifetime(name: buffer.name, step: buffer.firstStep) }
    }
  }

  /// Pairs buffers with tensors and operators by name.
  private mutating func matchBuffers() throws(PlanViolation) {
    var tensorNamed: [String: TensorID] = [:]
    for (index, tensor) in graph.tensors.enumerated() { tensorNamed[tensor.name] = TensorID(index) }
    var operatorNamed: [String: OperatorID] = [:]
    for id in graph.operatorIDs { operatorNamed[graph[id].name] = id }
    let fed = Set(graph.inputs)
    for buffer in plan.buffers {
      if buffer.kind == .workspace {
        guard let id = operatorNamed[buffer.storage], workspaceBytes(of: id) > 0 else {
          throw .unknown(name: buffer.name)
        }
        if workspaceOfOperator.updateValue(buffer, forKey: id) != nil { throw .duplicate(name: buffer.name) }
        try expect(buffer, bytes: workspaceBytes(of: id))
      } else {
        guard let id = tensorNamed[buffer.name], graph[id].role == .activation,
          graph.producers[id.index] != nil || fed.contains(id)
        else { throw .unknown(name: buffer.name) }
        if bufferOfTensor.updateValue(buffer, forKey: id) != nil { throw .duplicate(name: buffer.name) }
        try expect(buffer, bytes: graph[id].byteCount)
      }
    }
  }

  private func expect(_ buffer: ArenaBuffer, bytes: Int) throws(PlanViolation) {
    if buffer.bytes != bytes {
      throw .wrongSize(name: buffer.name, expected: bytes, found: buffer.bytes)
    }
  }

  private func workspaceBytes(of id: OperatorID) -> Int {
    model.workspaceBytes.isEmpty ? 0 : model.workspaceBytes[id.index]
  }

  /// Runs one operator: places its outputs, checks what is in use, then frees what is not needed any more.
  mutating func execute(_ step: Int) throws(PlanViolation) {
    let id = order[step]
    let node = graph[id]
    for (position, output) in node.outputs.enumerated() {
      guard let buffer = bufferOfTensor[output] else { throw .missing(name: graph[output].name) }
      var hosts: [Int] = []
      if model.elidedConcats.contains(id) {
        hosts = try joined(node, output)
      } else if position == 0, model.views, MemoryModel.viewTypes.contains(node.kind.typeName) {
        hosts = node.inputs.first.flatMap { tenanciesOfTensor[$0] } ?? []
      }
      if !hosts.isEmpty {
        guard buffer.kind == .view else { throw .wrongKind(name: buffer.name, kind: buffer.kind) }
        try settle(output, buffer: buffer, on: hosts)
      } else if buffer.kind == .inplace {
        try settle(output, buffer: buffer, on: [try overwritten(by: node, output, at: position, buffer)])
      } else {
        guard buffer.kind == .tensor else { throw .wrongKind(name: buffer.name, kind: buffer.kind) }
        try settle(output, buffer: buffer, on: [])
      }
    }
    for tensor in node.inputs + node.outputs where graph[tensor].role == .activation {
      if let buffer = bufferOfTensor[tensor], step < buffer.firstStep || step > buffer.lastStep {
        throw .wrongLifetime(name: buffer.name, step: step)
      }
    }
    try checkOverlaps(at: step, workspace: try workspace(of: id, at: step))
    for input in node.inputs {
      for tenancy in tenanciesOfTensor[input] ?? [] { tenancies[tenancy].pendingReads -= 1 }
    }
    inUse = inUse.filter { tenancies[$0].isNeeded }
  }

  /// Lets a tensor move onto bytes of its own, or join the tenancies `hosts`.
  private mutating func settle(_ tensor: TensorID, buffer: ArenaBuffer, on hosts: [Int])
    throws(PlanViolation)
  {
    let reads = readCount[tensor, default: 0]
    guard let first = hosts.first else {
      try expectStorage(buffer, tensor)
      tenanciesOfTensor[tensor] = [tenancies.count]
      inUse.insert(tenancies.count)
      tenancies.append(
        Tenancy(
          root: tensor, bytes: buffer.bytes, pendingReads: reads, isOutput: outputs.contains(tensor)))
      return
    }
    let root = tenancies[first].root
    guard buffer.offset == bufferOfTensor[root]?.offset else { throw .invalidSharing(name: buffer.name) }
    try expectStorage(buffer, root)
    tenanciesOfTensor[tensor] = hosts
    for host in hosts {
      tenancies[host].pendingReads += reads
      if outputs.contains(tensor) { tenancies[host].isOutput = true }
    }
  }

  /// The tenancies that make up the result of an elided Concat, which must be nothing but its inputs one behind the
  /// other.
  private mutating func joined(_ node: Operator, _ output: TensorID) throws(PlanViolation) -> [Int] {
    let violation = PlanViolation.invalidElision(name: graph[output].name)
    let shape = graph[output].shape.dimensions
    let axis = shape.indices.first { axis in
      node.inputs.allSatisfy { graph[$0].shape.rank == shape.count }
        && node.inputs.reduce(0) { $0 + graph[$1].shape[axis] } == shape[axis]
        && node.inputs.allSatisfy { input in
          shape.indices.allSatisfy { $0 == axis || graph[input].shape[$0] == shape[$0] }
        }
    }
    guard node.kind.typeName == "Concat", let axis, shape[..<axis].allSatisfy({ $0 == 1 }) else {
      throw violation
    }
    var parts: [Int] = []
    for input in node.inputs {
      guard let found = tenanciesOfTensor[input],
        graph[input].elementType == graph[output].elementType,
        found.reduce(0, { $0 + tenancies[$1].bytes }) == graph[input].byteCount
      else { throw violation }
      parts += found
    }
    for (lower, upper) in zip(parts, parts.dropFirst()) {
      guard let before = bufferOfTensor[tenancies[lower].root],
        let after = bufferOfTensor[tenancies[upper].root], before.offset + before.bytes == after.offset
      else { throw violation }
      followers.insert(upper)
    }
    return parts
  }

  private func expectStorage(_ buffer: ArenaBuffer, _ root: TensorID) throws(PlanViolation) {
    if buffer.storage != graph[root].name {
      throw .wrongStorage(name: buffer.name, expected: graph[root].name, found: buffer.storage)
    }
  }

  /// The tenancy that an in-place result takes over: one of its operator's inputs at the same offset, of the same
  /// size and type, that nothing else needs.
  private func overwritten(by node: Operator, _ output: TensorID, at position: Int, _ buffer: ArenaBuffer)
    throws(PlanViolation) -> Int
  {
    guard model.inPlace, position == 0, MemoryModel.inPlaceTypes.contains(node.kind.typeName) else {
      throw .wrongKind(name: buffer.name, kind: buffer.kind)
    }
    for input in node.inputs {
      guard let hosts = tenanciesOfTensor[input], graph[input].elementType == graph[output].elementType,
        graph[input].byteCount == graph[output].byteCount
      else { continue }
      let tenancy = hosts[0]
      let own = node.inputs.count { tenanciesOfTensor[$0]?.contains(tenancy) ?? false }
      if bufferOfTensor[input]?.offset == buffer.offset, hosts.count == 1, inUse.contains(tenancy),
        tenancies[tenancy].bytes == buffer.bytes, tenancies[tenancy].pendingReads == own,
        !tenancies[tenancy].isOutput
      {
        return tenancy
      }
      if model.inPlaceOperand == .firstOfEqualSize { break }
    }
    throw .invalidSharing(name: buffer.name)
  }

  private func workspace(of id: OperatorID, at step: Int) throws(PlanViolation) -> ArenaBuffer? {
    guard workspaceBytes(of: id) > 0 else { return nil }
    guard let buffer = workspaceOfOperator[id] else { throw .missing(name: "\(graph[id].name).workspace") }
    guard buffer.firstStep <= step, step <= buffer.lastStep else {
      throw .wrongLifetime(name: buffer.name, step: step)
    }
    return buffer
  }

  private func checkOverlaps(at step: Int, workspace: ArenaBuffer?) throws(PlanViolation) {
    var buffers = workspace.map { [$0] } ?? []
    for tenancy in inUse {
      guard let buffer = bufferOfTensor[tenancies[tenancy].root] else { continue }
      guard buffer.firstStep <= step, step <= buffer.lastStep else {
        throw .wrongLifetime(name: buffer.name, step: step)
      }
      buffers.append(buffer)
    }
    buffers = buffers.filter { $0.bytes > 0 }.sorted { ($0.offset, $0.name) < ($1.offset, $1.name) }
    for (lower, upper) in zip(buffers, buffers.dropFirst()) where lower.offset + lower.bytes > upper.offset {
      throw .overlap(first: lower.name, second: upper.name, step: step)
    }
  }

  /// Checks alignment, which depends on what elided Concats tie together, and that what is kept is recorded as in use
  /// until the end.
  func finish() throws(PlanViolation) {
    let placed = bufferOfTensor.sorted { $0.key < $1.key }.filter { id, _ in
      !(tenanciesOfTensor[id].map { followers.contains($0[0]) } ?? false)
    }
    for buffer in placed.map(\.value) + Array(workspaceOfOperator.values)
    where buffer.offset % plan.alignment != 0 {
      throw .misaligned(name: buffer.name, offset: buffer.offset)
    }
    let last = max(order.count - 1, 0)
    if order.isEmpty { try checkOverlaps(at: 0, workspace: nil) }
    for output in graph.outputs {
      if let buffer = bufferOfTensor[output], buffer.lastStep < last {
        throw .wrongLifetime(name: buffer.name, step: last)
      }
    }
  }
}
