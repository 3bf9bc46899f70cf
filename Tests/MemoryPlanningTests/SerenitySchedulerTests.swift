import ComputationGraph
import Foundations
import MemoryPlanning
import TestSupport
import Testing

/// SERENITY's scheduler against exhaustive search, the exact scheduler, and within its limits.
@Suite struct SerenitySchedulerTests {
  typealias Case = SchedulerPropertyTests.Case

  /// Checks order, peak and proof of one problem and returns the schedule.
  @discardableResult
  func check(
    _ item: Case, _ scheduler: SerenityScheduler, optimum: Int, timeLimit: Duration? = nil,
    isProved: Bool = true
  ) throws -> Schedule {
    let schedule = try scheduler.schedule(item.problem, timeLimit: timeLimit)
    #expect(schedule.scheduler == "serenity")
    #expect(item.problem.graph.isValidOrder(schedule.order))
    #expect(schedule.profile.liveBytes == item.referee.trace(schedule.order))
    switch schedule.proof {
    case .optimal: #expect(schedule.peak.bytes == optimum)
    case .bound(let lower):
      #expect(!isProved)
      #expect(lower <= optimum && optimum <= schedule.peak.bytes && lower < schedule.peak.bytes)
    case .heuristic: Issue.record("the scheduler always proves a bound")
    }
    return schedule
  }

  /// As by default, with so few states per step that many budgets are tried, in one piece, and without budgets.
  @Test(arguments: 0..<8)
  func randomGraphs(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(11_000 + seed))
    let schedulers = [
      SerenityScheduler(), SerenityScheduler(statesPerStep: 1),
      SerenityScheduler(dividesAtHourglasses: false),
      SerenityScheduler(usesSoftBudgets: false),
    ]
    var aboveTheSimple = 0
    for _ in 0..<750 {
      let graph = RandomGraphs.graph(
        operatorCount: Int.random(in: 0...12, using: &generator), using: &generator)
      let item = Case(graph, using: &generator)
      let optimum = item.exhaustive.optimum()
      for scheduler in schedulers { try check(item, scheduler, optimum: optimum) }
      let simple = try [
        KahnScheduler().schedule(item.problem), ReversePostOrderScheduler().schedule(item.problem),
      ]
      if simple.allSatisfy({ $0.peak.bytes > optimum }) { aboveTheSimple += 1 }
    }
    #expect(aboveTheSimple > 40)
  }

  @Test(arguments: 0..<2)
  func cellGraphs(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(12_000 + seed))
    for _ in 0..<100 {
      let graph = RandomGraphs.cells(
        count: 2, operatorsPerCell: Int.random(in: 3...6, using: &generator), using: &generator)
      let item = Case(graph, using: &generator)
      let optimum = item.exhaustive.optimum()
      try check(item, SerenityScheduler(), optimum: optimum)
      try check(item, SerenityScheduler(statesPerStep: 2), optimum: optimum)
    }
  }

  /// Graph inputs that nobody reads weigh on the first step only, which is the first piece's.
  @Test func unusedInputs() throws {
    var generator = SeededGenerator(seed: 13_000)
    var decided = 0
    for _ in 0..<400 {
      let graph = RandomGraphs.graph(
        operatorCount: Int.random(in: 1...10, using: &generator), using: &generator)
      let tensors =
        graph.tensors + [Tensor(name: "unused", shape: [Int.random(in: 10...40, using: &generator)])]
      let padded = try Graph(
        name: "unused", tensors: tensors, operators: graph.operators,
        inputs: graph.inputs + [TensorID(graph.tensors.count)], outputs: graph.outputs)
      let item = Case(padded, using: &generator)
      let optimum = item.exhaustive.optimum()
      try check(item, SerenityScheduler(), optimum: optimum)
      if optimum > item.exhaustive.forcedPassage() { decided += 1 }
    }
    #expect(decided > 0)
  }

  /// Concats whose result is a view of several storages, and the in-place rule of HMCOS.
  @Test func elidedConcats() throws {
    var generator = SeededGenerator(seed: 13_500)
    var elided = 0
    for _ in 0..<400 {
      let graph = ConcatGraphs.graph(
        operatorCount: Int.random(in: 1...12, using: &generator), using: &generator)
      let model = ConcatGraphs.model(for: graph, using: &generator)
      let schedule = try SerenityScheduler().schedule(MemoryProblem(graph: graph, model: model))
      let optimum = ExhaustiveSearch(
        graph: graph, views: model.views, inPlace: model.inPlace, workspaceBytes: model.workspaceBytes,
        firstOperandOnly: model.inPlaceOperand == .firstOfEqualSize, elided: model.elidedConcats
      ).optimum()
      #expect(schedule.peak.bytes == optimum && schedule.proof == .optimal)
      if !model.elidedConcats.isEmpty { elided += 1 }
    }
    #expect(elided > 100)
  }

  /// Small random tangles joined by operators that read all that is unread: divide and conquer equals the search of
  /// the whole, although storages cross the joints and outputs of the graph lie before them.
  @Test(arguments: 0..<4)
  func chainsOfPieces(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(14_000 + seed))
    var crossed = 0
    for _ in 0..<120 {
      let (graph, joints) = try chain(pieces: 3, operatorsPerPiece: 3, using: &generator)
      let item = Case(graph, using: &generator)
      let optimum = item.exhaustive.optimum()
      let apart = try check(item, SerenityScheduler(usesSoftBudgets: false), optimum: optimum)
      try check(item, SerenityScheduler(), optimum: optimum)
      try check(item, SerenityScheduler(dividesAtHourglasses: false), optimum: optimum)
      for joint in joints {
        let before = Set(apart.order.prefix { $0 != joint })
        #expect(before == Set((0..<joint.index).map(OperatorID.init)))
        if item.problem.storages.contains(where: { storage in
          storage.producer.map { before.contains($0) } ?? true && storage.readers.contains { $0 > joint }
        }) {
          crossed += 1
        }
      }
    }
    #expect(crossed > 0)
  }

  /// Pieces of random operators, each ended by one that reads all that nobody in the piece reads; later pieces start
  /// from the joints before them, and now and then read something older. Returns the joints, too.
  func chain(
    pieces: Int, operatorsPerPiece: Int, using generator: inout SeededGenerator
  ) throws -> (Graph, [OperatorID]) {
    var builder = GraphBuilder(name: "chain")
    var joint = builder.input("image", shape: [Int.random(in: 1...8, using: &generator)])
    var old = [joint]
    var outputs: [TensorID] = []
    var joints: [OperatorID] = []
    var count = 0
    for _ in 0..<pieces {
      var pool = [joint]
      var unread: [TensorID] = []
      for _ in 0..<operatorsPerPiece {
        // What is older comes beside something of this piece, so that the joint before comes first.
        var inputs = [pool.randomElement(using: &generator)!]
        if Bool.random(using: &generator) {
          inputs.append((Bool.random(using: &generator) ? pool : old).randomElement(using: &generator)!)
        }
        let type = ["Conv", "Add", "Relu", "Split", "Identity"].randomElement(using: &generator)!
        let size =
          type == "Conv" || type == "Split"
          ? Int.random(in: 1...8, using: &generator) : builder.shape(of: inputs[0])[0]
        let results = builder.addOpaque(type, inputs, outputs: type == "Split" ? [[size], [2]] : [[size]])
        count += 1
        unread.removeAll { inputs.contains($0) }
        pool.append(results[0])
        unread.append(results[0])
        if Int.random(in: 0..<6, using: &generator) == 0 { outputs.append(results[0]) }
      }
      joint = builder.addOpaque("Concat", unread, outputs: [[Int.random(in: 1...8, using: &generator)]])[0]
      joints.append(OperatorID(count))
      count += 1
      old += pool + [joint]
    }
    return (try builder.build(outputs: outputs + [joint]), joints)
  }

  /// Starved of states, work, memory or time, the answer is a valid order with a valid bound.
  @Test(arguments: [0, 10, 60, 400])
  func limitsAreKept(work: Int) throws {
    var generator = SeededGenerator(seed: 15_000)
    var open = 0
    for round in 0..<120 {
      let graph =
        round % 2 == 0
        ? RandomGraphs.graph(operatorCount: 12, using: &generator)
        : RandomGraphs.cells(count: 2, operatorsPerCell: 6, using: &generator)
      let item = Case(graph, using: &generator)
      let optimum = item.exhaustive.optimum()
      let starved: [(SerenityScheduler, timeLimit: Duration?)] = [
        (SerenityScheduler(maximumWork: work), nil),
        (SerenityScheduler(statesPerStep: 2, maximumWork: 4 * work), nil),
        (SerenityScheduler(maximumWork: work, usesSoftBudgets: false), nil),
        (SerenityScheduler(memoryLimitBytes: work), nil), (SerenityScheduler(), .zero),
      ]
      for (scheduler, timeLimit) in starved {
        let schedule = try check(item, scheduler, optimum: optimum, timeLimit: timeLimit, isProved: false)
        if schedule.proof != .optimal { open += 1 }
        #expect(schedule.peak.bytes <= (try KahnScheduler().schedule(item.problem).peak.bytes))
        #expect(schedule.peak.bytes <= (try ReversePostOrderScheduler().schedule(item.problem).peak.bytes))
      }
    }
    #expect(open > 0)
  }

  /// Networks of published cells, with little work: never below the optimum, equal to it where that is claimed.
  @Test(arguments: Genotype.all.indices, [1, 6])
  func cellNetworks(genotype: Int, cellsPerStage: Int) throws {
    try compare(
      try PublishedNetworks.cifar(Genotype.all[genotype], cellsPerStage: cellsPerStage, filters: 32))
  }

  @Test func randomlyWiredNetwork() throws {
    var generator = SeededGenerator(seed: 0)
    try compare(try PublishedNetworks.randWire(using: &generator))
  }

  /// Networks whose cells end in one operator each: solved by pieces.
  @Test(arguments: [
    ["conv3", "skip", "conv3", "skip", "conv1", "conv3"],
    ["pool", "none", "skip", "conv1", "none", "conv3"],
  ])
  func benchmarkNetworks(operations: [String]) throws {
    try compare(try PublishedNetworks.nasBench201(operations), isProved: true)
  }

  func compare(_ graph: Graph, isProved: Bool = false) throws {
    let problem = MemoryProblem(graph: graph)
    let scheduler = SerenityScheduler(maximumWork: 2_000_000)
    let schedule = try scheduler.schedule(problem)
    let optimum = try ExactScheduler().schedule(problem)
    #expect(optimum.proof == .optimal)
    #expect(schedule.profile.liveBytes == PeakReferee(graph: graph).trace(schedule.order))
    #expect(schedule.peak.bytes >= optimum.peak.bytes)
    #expect(schedule.peak.bytes <= (try ReversePostOrderScheduler().schedule(problem).peak.bytes))
    switch schedule.proof {
    case .optimal: #expect(schedule.peak.bytes == optimum.peak.bytes)
    case .bound(let lower): #expect(!isProved && lower <= optimum.peak.bytes)
    case .heuristic: Issue.record("the scheduler always proves a bound")
    }
    let again = try scheduler.schedule(problem)
    #expect(again.order == schedule.order && again.proof == schedule.proof)
  }

  /// Whatever the size or the shape, there is an answer in time.
  @Test(.timeLimit(.minutes(1)))
  func tenThousandOperators() throws {
    var generator = SeededGenerator(seed: 1)
    let cells = RandomGraphs.cells(count: 700, operatorsPerCell: 14, using: &generator)
    #expect(cells.operators.count >= 10_000)
    try checkTime(cells)
  }

  /// Thousands of operators that are ready at once.
  @Test(.timeLimit(.minutes(1)))
  func star() throws {
    var builder = GraphBuilder(name: "star")
    let image = builder.input("image", shape: [100])
    var ends: [TensorID] = []
    for width in 0..<1_000 {
      let middle = builder.addOpaque("Conv", [image], outputs: [[50 + width % 7]])[0]
      ends.append(builder.addOpaque("Conv", [middle], outputs: [[10 + width % 3]])[0])
    }
    let result = builder.addOpaque("Conv", ends, outputs: [[1]])[0]
    try checkTime(try builder.build(outputs: [result]))
  }

  func checkTime(_ graph: Graph) throws {
    let problem = MemoryProblem(graph: graph)
    let clock = ContinuousClock()
    let start = clock.now
    let schedule = try SerenityScheduler().schedule(problem, timeLimit: .seconds(2))
    let seconds = (clock.now - start) / .seconds(1)
    print("\(graph.operators.count) operators: peak \(schedule.peak.bytes), \(schedule.proof), \(seconds) s")
    // Twice the limit, for machines with other work.
    #expect(seconds < 4)
    #expect(schedule.profile.liveBytes == PeakReferee(graph: graph).trace(schedule.order))
    #expect(schedule.peak.bytes <= (try ReversePostOrderScheduler().schedule(problem).peak.bytes))
    if case .bound(let lower) = schedule.proof { #expect(lower < schedule.peak.bytes) }
  }
}
