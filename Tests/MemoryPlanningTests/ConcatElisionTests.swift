import ComputationGraph
import Foundations
import MemoryPlanning
import TestSupport
import Testing

/// Elided Concats and the in-place rule of HMCOS against oracles of their own, down to the bytes in the arena.
@Suite struct ConcatElisionTests {
  @Test(arguments: 0..<4)
  func peaksBoundsAndOptimaEqualTheOracles(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 900 + seed)
    var elided = 0
    var lower = 0
    for _ in 0..<600 {
      let graph = ConcatGraphs.graph(
        operatorCount: Int.random(in: 1...10, using: &generator), using: &generator)
      let model = ConcatGraphs.model(for: graph, using: &generator)
      let problem = MemoryProblem(graph: graph, model: model)
      let isFirstOnly = model.inPlaceOperand == .firstOfEqualSize
      let referee = PeakReferee(
        graph: graph, views: model.views, inPlace: model.inPlace, workspaceBytes: model.workspaceBytes,
        firstOperandOnly: isFirstOnly, elided: model.elidedConcats)
      let order = RandomGraphs.order(of: graph, using: &generator)
      #expect(try problem.evaluate(order).liveBytes == referee.trace(order))
      let exhaustive = ExhaustiveSearch(
        graph: graph, views: model.views, inPlace: model.inPlace, workspaceBytes: model.workspaceBytes,
        firstOperandOnly: isFirstOnly, elided: model.elidedConcats)
      let optimum = exhaustive.optimum()
      #expect(MemoryBound.forcedPassage(problem, orders: []).bytes == exhaustive.forcedPassage())
      let (schedule, certificate) = try ExactScheduler().certifiedSchedule(problem)
      #expect(schedule.peak.bytes == optimum && schedule.proof == .optimal)
      #expect(referee.peak(schedule.order) == optimum)
      _ = try ExactVerifier.verify(order: schedule.order, certificate: certificate, problem: problem)
      #expect(try HMCOSScheduler().schedule(problem).peak.bytes == optimum)
      elided += model.elidedConcats.count
      var copying = model
      copying.elidedConcats = []
      if try ExactScheduler().schedule(MemoryProblem(graph: graph, model: copying)).peak.bytes > optimum {
        lower += 1
      }
    }
    print("elision: \(elided) Concats elided, the optimum lower in \(lower) of 600 graphs")
    #expect(elided > 300 && lower > 50)
  }

  /// Plans that the validator accepts compute the same bytes as separate buffers do.
  @Test(arguments: 0..<4)
  func plansKeepEveryByte(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 950 + seed)
    var elided = 0
    for _ in 0..<400 {
      let graph = ConcatGraphs.graph(
        operatorCount: Int.random(in: 1...24, using: &generator), using: &generator)
      let model = ConcatGraphs.model(for: graph, using: &generator)
      let problem = MemoryProblem(graph: graph, model: model)
      let order = RandomGraphs.order(of: graph, using: &generator)
      let alignment = [1, 4, 16, 64].randomElement(using: &generator)!
      let allocators: [any OffsetAllocator] = [
        GreedyBySizeAllocator(), BestFitAllocator(), ArenaAllocator(), ExactOffsetAllocator(workLimit: 5_000),
      ]
      let plan = try allocators.randomElement(using: &generator)!
        .allocate(problem, order: order, alignment: alignment)
      try PlanValidator.validate(plan, graph: graph, model: model, order: order)
      #expect(plan.unpaddedArenaBytes >= (try problem.evaluate(order).peak.bytes))
      #expect(ArenaExecution(graph: graph, model: model, plan: plan).firstDifference(order) == nil)
      elided += model.elidedConcats.count
    }
    #expect(elided > 500)
  }

  /// A set is refused exactly if its storages cannot be laid out: found by moving them along until nothing changes.
  @Test(arguments: 0..<2)
  func consistencyEqualsLayingOut(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 980 + seed)
    var counts = [false: 0, true: 0]
    for _ in 0..<2_000 {
      let graph = ConcatGraphs.graph(
        operatorCount: Int.random(in: 4...14, using: &generator), using: &generator)
      let concats = graph.operatorIDs.filter { graph[$0].kind.typeName == "Concat" }
      let chosen = Set(concats.filter { _ in Int.random(in: 0..<3, using: &generator) > 0 })
      let isPossible = canBeLaidOut(chosen, graph)
      #expect(ConcatElision.isConsistent(chosen, graph) == isPossible)
      if chosen.count == 1 {
        #expect(ConcatElision.candidates(graph).contains(chosen.first!) == isPossible)
      }
      if chosen.count > 1 { counts[isPossible, default: 0] += 1 }
    }
    print("elision: \(counts) sets of several Concats (true: can be elided together)")
    #expect(counts.values.allSatisfy { $0 > 100 })
  }

  private func canBeLaidOut(_ chosen: Set<OperatorID>, _ graph: Graph) -> Bool {
    var storesOf: [TensorID: [TensorID]] = [:]
    var results: [[TensorID]] = []
    for input in graph.inputs { storesOf[input] = [input] }
    for id in graph.operatorIDs {
      let node = graph[id]
      if chosen.contains(id) {
        // The last axis is concatenated, so rows of a two-row tensor would have to lie apart.
        if graph[node.inputs[0]].shape.dimensions.dropLast().contains(2), node.inputs.count > 1 {
          return false
        }
        results.append(node.inputs.flatMap { storesOf[$0]! })
        storesOf[node.outputs[0]] = results.last!
      } else if ["Identity", "Reshape"].contains(node.kind.typeName) {
        storesOf[node.outputs[0]] = storesOf[node.inputs[0]]!
      } else {
        for output in node.outputs { storesOf[output] = [output] }
      }
    }
    var component: [TensorID: Int] = [:]
    var starts: [TensorID: Int] = [:]
    for seed in results.indices where component[results[seed][0]] == nil {
      component[results[seed][0]] = seed
      starts[results[seed][0]] = 0
      var isMoving = true
      while isMoving {
        isMoving = false
        for result in results {
          guard let known = result.first(where: { component[$0] == seed }) else { continue }
          let before = result.prefix { $0 != known }.reduce(0) { $0 + graph[$1].byteCount }
          var position = starts[known]! - before
          for part in result {
            if let start = starts[part] {
              if start != position { return false }
            } else {
              (component[part], starts[part]) = (seed, position)
              isMoving = true
            }
            position += graph[part].byteCount
          }
        }
      }
    }
    for (a, b) in starts.keys.flatMap({ a in starts.keys.map { (a, $0) } })
    where a < b && component[a] == component[b] {
      if starts[a]! < starts[b]! + graph[b].byteCount, starts[b]! < starts[a]! + graph[a].byteCount {
        return false
      }
    }
    return true
  }

  /// The dense block of DenseNet: every Concat adds one branch to the one before, and all of them can go.
  @Test func denseBlock() throws {
    var builder = GraphBuilder(name: "dense")
    let image = builder.input("image", shape: [1, 2, 4, 4])
    var layers = [builder.addOpaque("Conv", [image], outputs: [[1, 6, 4, 4]], name: "stem")[0]]
    var sum = layers[0]
    for layer in 1...3 {
      let grown = builder.addOpaque("Conv", [sum], outputs: [[1, 2, 4, 4]], name: "grow\(layer)")[0]
      layers.append(grown)
      sum = try builder.add(.concat(axis: 1), layers, name: "concat\(layer)")
    }
    let graph = try builder.build(outputs: [sum])
    let concats = ConcatElision.candidates(graph)
    #expect(concats.map { graph[$0].name } == ["concat1", "concat2", "concat3"])
    let model = MemoryModel(elidedConcats: Set(concats))
    let problem = MemoryProblem(graph: graph, model: model)
    let schedule = try ExactScheduler().schedule(problem)
    #expect(schedule.peak.bytes == 12 * 64)
    #expect(try ExactScheduler().schedule(MemoryProblem(graph: graph)).peak.bytes == (12 + 10 + 2) * 64)
    let plan = try GreedyBySizeAllocator().allocate(problem, order: schedule.order, alignment: 64)
    try PlanValidator.validate(plan, graph: graph, model: model, order: schedule.order)
    #expect(plan.arenaBytes == 12 * 64)
    let start = try #require(plan.offset(ofTensor: "stem"))
    for (name, channels) in [("grow1", 6), ("grow2", 8), ("grow3", 10), ("concat1", 0), ("concat3", 0)] {
      #expect(plan.offset(ofTensor: name) == start + channels * 64)
    }
    let result = try #require(plan.buffers.first { $0.name == "concat3" })
    #expect(result.kind == .view && result.storage == "stem" && result.bytes == 12 * 64)
  }

  @Test func whatCannotBeElidedIsNamed() throws {
    var builder = GraphBuilder(name: "refusals")
    let image = builder.input("image", shape: [1, 2, 4])
    let other = builder.input("other", shape: [1, 3, 4])
    let fine = try builder.add(.concat(axis: 1), [image, other], name: "fine")
    let swapped = try builder.add(.concat(axis: 1), [other, image], name: "swapped")
    let twice = try builder.add(.concat(axis: 1), [image, image], name: "twice")
    let apart = try builder.add(.concat(axis: 2), [image, image], name: "apart")
    let unknown = builder.addOpaque("Concat", [image, other], outputs: [[1, 5, 4]], name: "unknown")[0]
    let relu = try builder.add(.relu, [image], name: "relu")
    let graph = try builder.build(outputs: [fine, swapped, twice, apart, unknown, relu])
    func reason(_ names: String...) -> String {
      do throws(SchedulingError) {
        try ConcatElision.verify(
          Set(graph.operatorIDs.filter { names.contains(graph[$0].name) }), graph)
        return "accepted"
      } catch {
        return error.description
      }
    }
    #expect(reason("fine") == "accepted")
    #expect(reason("fine", "unknown") == "accepted")
    #expect(
      reason("fine", "swapped")
        == "Concat 'swapped' cannot be elided: another one that is elided puts the same storage elsewhere")
    #expect(reason("twice") == "Concat 'twice' cannot be elided: its result holds one storage twice")
    #expect(reason("apart").hasSuffix("do not lie one behind the other in its result"))
    #expect(reason("relu").hasSuffix("it is no Concat"))
    #expect(throws: SchedulingError.unknownOperator(index: 99)) {
      try ConcatElision.verify([OperatorID(99)], graph)
    }
  }

  /// Where the branches do not lie one behind the other, or the result elsewhere, the validator says so.
  @Test func branchesOutOfPlaceAreRejected() throws {
    var generator = SeededGenerator(seed: 7)
    var rejected = 0
    for _ in 0..<300 {
      let graph = ConcatGraphs.graph(operatorCount: 12, using: &generator)
      let model = ConcatGraphs.model(for: graph, using: &generator)
      let order = RandomGraphs.order(of: graph, using: &generator)
      let plan = try GreedyBySizeAllocator().allocate(
        MemoryProblem(graph: graph, model: model), order: order, alignment: 1)
      for id in model.elidedConcats where graph[id].inputs.count > 1 {
        let branch = try #require(plan.buffers.first { $0.name == graph[graph[id].inputs[1]].name })
        let result = graph[graph[id].outputs[0]].name
        func moves(_ buffer: ArenaBuffer) -> Bool {
          buffer.kind != .workspace && buffer.storage == branch.storage
        }
        // Far behind everything else, so that nothing but the gap is wrong.
        let apart = plan.replacing(arenaBytes: 3 * plan.arenaBytes) {
          moves($0) ? $0.with(offset: $0.offset + plan.arenaBytes) : $0
        }
        let shifted = plan.replacing { $0.name == result ? $0.with(offset: $0.offset + 1) : $0 }
        let copied = plan.replacing { $0.name == result ? $0.with(kind: .tensor, storage: result) : $0 }
        for wrong in [apart, shifted, copied] {
          #expect(throws: PlanViolation.self) {
            try PlanValidator.validate(wrong, graph: graph, model: model, order: order)
          }
          rejected += 1
        }
      }
    }
    #expect(rejected > 300)
  }
}
