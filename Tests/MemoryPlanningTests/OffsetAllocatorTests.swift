import ComputationGraph
import Foundations
import MemoryPlanning
import TestSupport
import Testing

/// All allocators: validity, minimality against an exhaustive search, limits, determinism.
@Suite struct OffsetAllocatorTests {
  /// What was found for many small problems.
  struct Tally {
    var problems = 0
    var optimal = 0
    var abovePeak = 0
    var greedyWorse = 0
    var bestFitWorse = 0
  }

  /// Checks every allocator on one problem; the exact ones must find the optimum and say so.
  func check(_ problem: MemoryProblem, order: [OperatorID], alignment: Int, _ tally: inout Tally) throws {
    func validated(_ allocator: any OffsetAllocator) throws -> ArenaPlan {
      let plan = try allocator.allocate(problem, order: order, alignment: alignment)
      try PlanValidator.validate(plan, graph: problem.graph, model: problem.model, order: order)
      #expect(try plan.livePeakBytes == problem.evaluate(order).peak.bytes)
      #expect(plan.unpaddedArenaBytes >= plan.livePeakBytes!)
      return plan
    }
    let plan = try validated(ArenaAllocator())
    let elided = problem.model.elidedConcats
    let oracle = OffsetOracle(plan, graph: problem.graph, elided: elided)
    if oracle.groupCount > 9, !elided.isEmpty { return }
    let optimum = oracle.optimum(known: plan.arenaBytes)
    let exact = try validated(ExactOffsetAllocator())
    let greedy = try validated(GreedyBySizeAllocator())
    let bestFit = try validated(BestFitAllocator())
    for found in [plan, exact, greedy, bestFit] {
      #expect(found.arenaBytes >= optimum)
      #expect(found.isMinimal == true ? found.arenaBytes == optimum : true)
    }
    if elided.isEmpty {
      #expect(plan.arenaBytes == optimum && plan.isMinimal == true)
      #expect(exact.arenaBytes == optimum && exact.isMinimal == true)
    }
    tally.problems += 1
    if plan.arenaBytes == optimum { tally.optimal += 1 }
    if alignment == 1, optimum > plan.livePeakBytes! { tally.abovePeak += 1 }
    if greedy.arenaBytes > optimum { tally.greedyWorse += 1 }
    if bestFit.arenaBytes > optimum { tally.bestFitWorse += 1 }
  }

  @Test(arguments: 0..<3)
  func smallProblemsAreSolved(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 300 + seed)
    var tally = Tally()
    for _ in 0..<700 {
      let graph = try RectangleGraphs.random(
        count: Int.random(in: 2...8, using: &generator), steps: Int.random(in: 2...9, using: &generator),
        largest: 5, using: &generator)
      let problem = MemoryProblem(graph: graph)
      try check(
        problem, order: graph.operatorIDs, alignment: [1, 1, 4, 8, 12].randomElement(using: &generator)!,
        &tally)
    }
    print("offsets: \(tally)")
    #expect(tally.problems == 700 && tally.optimal == 700)
    #expect(tally.greedyWorse > 0 && tally.bestFitWorse > 20)
  }

  /// Tied branches: what is called minimal is, and nearly everything is found.
  @Test(arguments: 0..<2)
  func smallElidedProblemsAreSolved(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 320 + seed)
    var tally = Tally()
    var count = 0
    while count < 300 {
      let graph = ConcatGraphs.graph(operatorCount: 5, using: &generator)
      let model = ConcatGraphs.model(for: graph, using: &generator)
      if model.elidedConcats.isEmpty { continue }
      count += 1
      try check(
        MemoryProblem(graph: graph, model: model), order: RandomGraphs.order(of: graph, using: &generator),
        alignment: [1, 4, 8].randomElement(using: &generator)!, &tally)
    }
    print("offsets with elided Concats: \(tally)")
    #expect(tally.problems > 150 && tally.optimal > tally.problems * 97 / 100)
  }

  /// Problems around one that needs 56 bytes for a live peak of 52, as one in some hundred thousand small ones does.
  @Test func arenasThatCannotMeetTheLivePeakAreProvedMinimal() throws {
    let origin = [
      (3, 6, 3), (5, 7, 2), (4, 6, 1), (5, 7, 2), (5, 7, 4), (3, 4, 1), (4, 4, 4), (0, 3, 4), (1, 1, 4),
      (7, 7, 4), (0, 3, 4),
    ]
    var generator = SeededGenerator(seed: 330)
    var tally = Tally()
    for round in 0..<400 {
      var rectangles = origin.map { RectangleGraphs.Rectangle(first: $0.0, last: $0.1, size: $0.2) }
      for _ in 0..<(round == 0 ? 0 : 2) {
        let index = Int.random(in: rectangles.indices, using: &generator)
        let old = rectangles[index]
        let last = min(7, max(old.first, old.last + Int.random(in: -1...1, using: &generator)))
        let size = max(1, old.size + Int.random(in: -1...1, using: &generator))
        rectangles[index] = RectangleGraphs.Rectangle(first: old.first, last: last, size: size)
      }
      let graph = try RectangleGraphs.graph(rectangles, steps: 8)
      try check(MemoryProblem(graph: graph), order: graph.operatorIDs, alignment: 1, &tally)
      if round == 0 { #expect(tally.abovePeak == 1) }
    }
    print("offsets around a gap: \(tally)")
    #expect(tally.optimal == 400 && tally.abovePeak > 5)
  }

  @Test(arguments: [0, 1, 1_000, 100_000])
  func limitsAreKept(workLimit: Int) throws {
    var generator = SeededGenerator(seed: 340)
    for round in 0..<60 {
      let graph =
        round % 2 == 0
        ? try RectangleGraphs.random(count: 80, steps: 60, largest: 40, using: &generator)
        : ConcatGraphs.graph(operatorCount: 60, using: &generator)
      let model =
        round % 2 == 0 ? MemoryModel() : ConcatGraphs.model(for: graph, using: &generator)
      let problem = MemoryProblem(graph: graph, model: model)
      let order = graph.operatorIDs
      let plain = try GreedyBySizeAllocator(repairs: 0).allocate(problem, order: order, alignment: 16)
      for allocator in [
        ArenaAllocator(workLimit: workLimit), ExactOffsetAllocator(workLimit: workLimit),
        ArenaAllocator(timeLimit: .microseconds(workLimit)),
      ] as [any OffsetAllocator] {
        let plan = try allocator.allocate(problem, order: order, alignment: 16)
        try PlanValidator.validate(plan, graph: graph, model: model, order: order)
        #expect(plan.arenaBytes <= plain.arenaBytes)
      }
      let searched = ArenaAllocator(workLimit: workLimit)
      #expect(
        try searched.allocate(problem, order: order, alignment: 1)
          == searched.allocate(problem, order: order, alignment: 1))
    }
  }

  /// Networks of published cells under the best order have an arena as large as the live peak.
  @Test(arguments: Genotype.all.indices)
  func cellNetworksReachTheLivePeak(genotype: Int) throws {
    let graph = try PublishedNetworks.cifar(Genotype.all[genotype], cellsPerStage: 6, filters: 32)
    for inPlace in [true, false] {
      let problem = MemoryProblem(graph: graph, model: MemoryModel(inPlace: inPlace))
      let schedule = try ExactScheduler().schedule(problem)
      for alignment in [1, 64] {
        let plan = try ArenaAllocator().allocate(problem, order: schedule.order, alignment: alignment)
        try PlanValidator.validate(plan, graph: graph, model: problem.model, order: schedule.order)
        #expect(plan.livePeakBytes == schedule.peak.bytes)
        // Without in-place, NASNet-A's best order keeps the search busy for longer than its limit.
        let isHard = genotype == 0 && !inPlace
        #expect(isHard ? plan.fragmentation! < 1.05 : plan.fragmentation == 1 && plan.isMinimal == true)
      }
    }
  }

  @Test func benchmarkCellsReachTheLivePeak() throws {
    var generator = SeededGenerator(seed: 360)
    for _ in 0..<12 {
      let operations = (0..<6).map { _ in
        ["none", "skip", "conv1", "conv3", "pool"].randomElement(using: &generator)!
      }
      let graph = try PublishedNetworks.nasBench201(operations)
      let problem = MemoryProblem(graph: graph)
      let schedule = try ExactScheduler().schedule(problem)
      let plan = try ArenaAllocator().allocate(problem, order: schedule.order, alignment: 64)
      try PlanValidator.validate(plan, graph: graph, model: problem.model, order: schedule.order)
      #expect(plan.fragmentation == 1)
    }
  }

  /// However many buffers there are, a plan is found in bounded time.
  @Test(.timeLimit(.minutes(1)))
  func tenThousandBuffers() throws {
    var generator = SeededGenerator(seed: 380)
    let graph = try RectangleGraphs.random(count: 6_000, steps: 4_000, largest: 500, using: &generator)
    let cells = RandomGraphs.cells(count: 700, operatorsPerCell: 14, using: &generator)
    for graph in [graph, cells] {
      #expect(graph.tensors.count >= 10_000)
      let problem = MemoryProblem(graph: graph, model: MemoryModel(inPlace: false))
      let order = graph.operatorIDs
      let plan = try ArenaAllocator().allocate(problem, order: order, alignment: 4)
      try PlanValidator.validate(plan, graph: graph, model: problem.model, order: order)
      print("10,000 buffers: fragmentation \(plan.fragmentation ?? 0)")
    }
  }
}
