import ComputationGraph
import Foundations
import MemoryPlanning
import TestSupport
import Testing

/// Arena plans of random graphs, and the validator against plans that were tampered with.
@Suite struct ArenaPlanTests {
  /// A random graph, model and order with their plan.
  struct Case {
    let problem: MemoryProblem
    let order: [OperatorID]
    let plan: ArenaPlan

    init(using generator: inout SeededGenerator) throws {
      let graph = RandomGraphs.graph(
        operatorCount: Int.random(in: 0...25, using: &generator), using: &generator)
      problem = MemoryProblem(
        graph: graph,
        model: MemoryModel(
          inPlace: Int.random(in: 0..<4, using: &generator) > 0,
          views: Int.random(in: 0..<4, using: &generator) > 0,
          workspaceBytes: RandomGraphs.workspace(for: graph, using: &generator)))
      order = RandomGraphs.order(of: graph, using: &generator)
      let alignment = [1, 4, 16, 64, 24].randomElement(using: &generator)!
      plan = try GreedyBySizeAllocator(repairs: [0, 6, 48].randomElement(using: &generator)!)
        .allocate(problem, order: order, alignment: alignment)
    }

    func validate(_ plan: ArenaPlan) throws(PlanViolation) {
      try PlanValidator.validate(plan, graph: problem.graph, model: problem.model, order: order)
    }
  }

  @Test(arguments: 0..<4)
  func plansAreValidAndNotBelowTheLivePeak(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var tight = 0
    for _ in 0..<400 {
      let item = try Case(using: &generator)
      try item.validate(item.plan)
      let model = item.problem.model
      let peak = PeakReferee(
        graph: item.problem.graph, views: model.views, inPlace: model.inPlace,
        workspaceBytes: model.workspaceBytes
      ).peak(item.order)
      #expect(item.plan.unpaddedArenaBytes >= peak)
      #expect(item.plan.arenaBytes >= item.plan.unpaddedArenaBytes)
      #expect(item.plan.arenaBytes % item.plan.alignment == 0)
      if item.plan.unpaddedArenaBytes == peak { tight += 1 }
      let again = try GreedyBySizeAllocator().allocate(
        item.problem, order: item.order, alignment: item.plan.alignment)
      #expect(
        again
          == (try GreedyBySizeAllocator().allocate(
            item.problem, order: item.order, alignment: item.plan.alignment)))
    }
    print("arena: \(tight) of 400 plans without fragmentation")
    #expect(tight > 240)
  }

  /// Every in-place chance of the order is taken, by the referee's choice of input.
  @Test func inPlaceChainsShareOneBuffer() throws {
    var builder = GraphBuilder(name: "chain")
    let image = builder.input("image", shape: [1, 4, 8, 8])
    let first = try builder.add(.relu, [image], name: "first")
    let second = try builder.add(.identity, [first], name: "second")
    let third = try builder.add(.relu, [second], name: "third")
    let fourth = try builder.add(.add(activation: .none), [third, third], name: "fourth")
    let graph = try builder.build(outputs: [fourth])
    let problem = MemoryProblem(graph: graph)
    let plan = try GreedyBySizeAllocator().allocate(problem, order: graph.operatorIDs, alignment: 64)
    #expect(plan.arenaBytes == 1024)
    #expect(plan.buffers.map(\.kind) == [.tensor, .inplace, .view, .inplace, .inplace])
    #expect(plan.buffers.allSatisfy { $0.storage == "image" && $0.offset == 0 })
    #expect(plan.buffers[0].firstStep == 0 && plan.buffers[0].lastStep == 3)
    #expect(plan.buffers[1].firstStep == 0 && plan.buffers[1].lastStep == 1)
    #expect(plan.offset(ofTensor: "fourth") == 0)
    #expect(plan.offset(ofTensor: "no such tensor") == nil)
  }

  @Test func workspaceLiesInTheArenaWhileItsOperatorRuns() throws {
    var builder = GraphBuilder(name: "chain")
    let image = builder.input("image", shape: [25])
    let middle = builder.addOpaque("Conv", [image], outputs: [[25]], name: "a")[0]
    let end = builder.addOpaque("Conv", [middle], outputs: [[25]], name: "b")[0]
    let graph = try builder.build(outputs: [end])
    let problem = MemoryProblem(graph: graph, model: MemoryModel(workspaceBytes: [0, 1000]))
    let plan = try GreedyBySizeAllocator().allocate(problem, order: graph.operatorIDs, alignment: 64)
    #expect(plan.unpaddedArenaBytes == 1200)
    #expect(plan.arenaBytes == 1280)
    #expect(plan.workspaceOffset(ofOperator: "a") == nil)
    let offset = try #require(plan.workspaceOffset(ofOperator: "b"))
    let workspace = try #require(plan.buffers.first { $0.kind == .workspace })
    #expect(workspace.name == "b.workspace" && workspace.storage == "b" && workspace.offset == offset)
    #expect(workspace.firstStep == 1 && workspace.lastStep == 1 && workspace.bytes == 1000)
  }

  @Test func mistakesAreNamed() throws {
    var builder = GraphBuilder(name: "chain")
    let image = builder.input("image", shape: [25])
    let middle = builder.addOpaque("Conv", [image], outputs: [[25]], name: "a")[0]
    let end = builder.addOpaque("Conv", [middle], outputs: [[25]], name: "b")[0]
    let graph = try builder.build(outputs: [end])
    let problem = MemoryProblem(graph: graph)
    #expect(throws: SchedulingError.invalidAlignment(0)) {
      try GreedyBySizeAllocator().allocate(problem, order: graph.operatorIDs, alignment: 0)
    }
    #expect(throws: SchedulingError.runsBeforePredecessor(operatorName: "b", predecessorName: "a")) {
      try GreedyBySizeAllocator().allocate(problem, order: graph.operatorIDs.reversed(), alignment: 1)
    }
    #expect(throws: PlanViolation.invalidOrder) {
      let plan = try GreedyBySizeAllocator().allocate(problem, order: graph.operatorIDs, alignment: 1)
      try PlanValidator.validate(
        plan, graph: graph, model: MemoryModel(), order: graph.operatorIDs.reversed())
    }
  }

  /// Changes that always break a plan are always found.
  @Test(arguments: 10..<13)
  func tamperedPlansAreRejected(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var rejected: [String: Int] = [:]
    for _ in 0..<300 {
      let item = try Case(using: &generator)
      for kind in ArenaBuffer.Kind.allCases {
        let candidates = item.plan.buffers.indices.filter {
          item.plan.buffers[$0].bytes > 0 && item.plan.buffers[$0].kind == kind
        }
        guard let victim = candidates.randomElement(using: &generator) else { continue }
        for (name, plan) in item.plan.mutants(of: victim) {
          #expect(throws: PlanViolation.self, "\(name)") { try item.validate(plan) }
          rejected[name, default: 0] += 1
        }
      }
    }
    #expect(rejected.count == 15 && rejected.values.allSatisfy { $0 > 20 })
  }

  /// A buffer moved onto another one that is in use at the same step is found, unless it may share its bytes.
  @Test(arguments: 20..<23)
  func overlapsAreRejected(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var rejected = 0
    for _ in 0..<300 {
      let item = try Case(using: &generator)
      let own = item.plan.buffers.indices.filter {
        let buffer = item.plan.buffers[$0]
        return buffer.bytes > 0 && (buffer.kind == .tensor || buffer.kind == .workspace)
      }
      for first in own {
        for second in own where second != first {
          let (a, b) = (item.plan.buffers[first], item.plan.buffers[second])
          guard a.firstStep <= b.lastStep, b.firstStep <= a.lastStep, rejected < 3_000 else { continue }
          // Everything that shares the storage moves along, so that only the overlap is wrong.
          let plan = item.plan.replacing { buffer in
            buffer.kind == a.kind && buffer.name == a.name
              || a.kind == .tensor && buffer.kind != .workspace
                && buffer.storage == a.name
              ? buffer.with(offset: b.offset) : buffer
          }
          #expect(throws: PlanViolation.self) { try item.validate(plan) }
          rejected += 1
        }
      }
    }
    #expect(rejected > 1_000)
  }
}

extension ArenaPlan {
  /// The same plan with every buffer replaced.
  func replacing(
    arenaBytes: Int? = nil, alignment: Int? = nil, _ change: (ArenaBuffer) -> ArenaBuffer? = { $0 }
  ) -> ArenaPlan {
    ArenaPlan(
      alignment: alignment ?? self.alignment, arenaBytes: arenaBytes ?? self.arenaBytes,
      unpaddedArenaBytes: unpaddedArenaBytes, buffers: buffers.compactMap(change))
  }

  /// Plans that are wrong in exactly one way that concerns buffer `index`.
  func mutants(of index: Int) -> [(name: String, plan: ArenaPlan)] {
    let victim = buffers[index]
    func swap(_ new: ArenaBuffer?) -> ArenaPlan { replacing { $0 == victim ? new : $0 } }
    var result = [
      ("missing", swap(nil)),
      (
        "duplicate",
        ArenaPlan(
          alignment: alignment, arenaBytes: arenaBytes, unpaddedArenaBytes: unpaddedArenaBytes,
          buffers: buffers + [victim])
      ),
      ("larger", swap(victim.with(bytes: victim.bytes + 1))),
      ("smaller", swap(victim.with(bytes: victim.bytes - 1))),
      ("outside", swap(victim.with(offset: arenaBytes))),
      ("negative", swap(victim.with(offset: -alignment))),
      ("wrong storage", swap(victim.with(storage: "no such storage"))),
      ("reversed lifetime", swap(victim.with(firstStep: victim.lastStep + 1))),
      ("too late", swap(victim.with(firstStep: victim.lastStep + 1, lastStep: victim.lastStep + 1))),
      ("odd arena", replacing(arenaBytes: unpaddedArenaBytes - 1)),
      ("no alignment", replacing(alignment: 0)),
    ]
    if alignment > 1 { result.append(("unaligned", swap(victim.with(offset: victim.offset + 1)))) }
    if victim.kind == .view { result.append(("view as tensor", swap(victim.with(kind: .tensor)))) }
    if victim.kind == .inplace { result.append(("in-place as view", swap(victim.with(kind: .view)))) }
    if victim.kind == .tensor { result.append(("tensor as in-place", swap(victim.with(kind: .inplace)))) }
    return result
  }
}

extension ArenaBuffer {
  func with(
    kind: Kind? = nil, storage: String? = nil, bytes: Int? = nil, offset: Int? = nil, firstStep: Int? = nil,
    lastStep: Int? = nil
  ) -> ArenaBuffer {
    ArenaBuffer(
      name: name, kind: kind ?? self.kind, storage: storage ?? self.storage, bytes: bytes ?? self.bytes,
      offset: offset ?? self.offset, firstStep: firstStep ?? self.firstStep,
      lastStep: lastStep ?? self.lastStep)
  }
}
