import ComputationGraph
import Foundations
import Kernels
import MemoryPlanning
import Testing

struct NetworkExecutorTests {
  /// Whole networks under every scheduler, fusion level and row tile: results equal the reference of the *training*
  /// form, nothing is written that should not be, and the high-water mark is the planned arena.
  @Test(arguments: SchedulerName.allCases, FusionLevel.allCases)
  func networksRunAsPlanned(scheduler: SchedulerName, fusion: FusionLevel) throws {
    var elidedCount = 0
    for seed in 0..<48 {
      var generator = SeededGenerator(seed: UInt64(seed), stream: 21)
      let training = try randomNetwork(&generator)
      let trainingWeights = randomWeights(for: training, &generator)
      let image = randomValues(training[training.inputs[0]].shape.elementCount, &generator)
      let expected = ReferenceExecutor.run(
        graph: training, weights: trainingWeights, inputs: [training.inputs[0]: image])[training.outputs[0]]!
      let inference = try InferenceGraph(training, fusion: fusion)
      let weights = inference.convert(trainingWeights)
      for rowTile in [nil, 1, 3] {
        let planned = try PlannedGraph(
          inference.graph, rowTile: rowTile, scheduler: scheduler, views: seed % 4 != 3,
          inPlace: seed % 3 != 2,
          alignment: [64, 4, 16][seed % 3], elidesConcats: fusion == .concat)
        elidedCount += planned.model.elidedConcats.count
        let executor = try planned.executor(weights: weights)
        #expect(relativeError(try executor.run(image), expected) <= 1e-4)
        #expect(executor.measuredArenaBytes == planned.plan.arenaBytes)
        #expect(try planned.executor(weights: weights, mode: .fast).run(image) == executor.run(image))
      }
    }
    #expect((elidedCount > 0) == (fusion == .concat))
  }

  @Test func runsOnWhatLiesInTheArena() throws {
    let fixture = try Fixture()
    let graph = fixture.planned.graph
    for mode in [NetworkExecutor.Mode.fast, .checked] {
      let executor = try fixture.planned.executor(weights: fixture.weights, mode: mode)
      for _ in 0..<3 {
        _ = executor.buffer(of: graph.inputs[0]).update(from: fixture.image)
        try executor.runInPlace()
      }
      let output = Array(executor.buffer(of: graph.outputs[0]))
      #expect(try executor.run(fixture.image) == output)
      #expect(executor.measuredArenaBytes == (mode == .checked ? fixture.planned.plan.arenaBytes : nil))
    }
  }

  /// `keepsInputs` against what a run does to the input's place.
  @Test(arguments: 0..<40) func knowsWhetherInputsAreOverwritten(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let graph = try randomNetwork(&generator)
    let planned = try PlannedGraph(graph, rowTile: 2)
    let executor = try planned.executor(weights: randomWeights(for: graph, &generator), mode: .fast)
    let inputs = graph.inputs.map { ($0, randomValues(graph[$0].shape.elementCount, &generator)) }
    for (id, values) in inputs { _ = executor.buffer(of: id).update(from: values) }
    try executor.runInPlace()
    let kept = inputs.allSatisfy { id, values in Array(executor.buffer(of: id)) == values }
    // Something written there may be what was there before, but what is kept is not written.
    if executor.keepsInputs { #expect(kept) }
  }

  @Test func timesEveryOperator() throws {
    let fixture = try Fixture()
    let executor = try fixture.planned.executor(weights: fixture.weights, mode: .fast)
    let times = try executor.operatorMilliseconds(
      inputs: [fixture.planned.graph.inputs[0]: fixture.image], repeats: 3)
    #expect(times.count == fixture.planned.graph.operators.count)
    #expect(times.allSatisfy { $0.isFinite && $0 >= 0 })
    #expect(times.contains { $0 > 0 })
  }

  /// Any two buffers that are in use at the same time, laid over each other: found when a tensor that is still
  /// needed changes.
  @Test func overlappingOffsetsAreFound() throws {
    let fixture = try Fixture()
    let buffers = fixture.planned.plan.buffers
    var tried = 0
    for (index, victim) in buffers.enumerated() where victim.kind == .tensor {
      for intruder in buffers[(index + 1)...] where intruder.kind == .tensor || intruder.kind == .workspace {
        guard intruder.firstStep <= victim.lastStep, intruder.firstStep > victim.firstStep else { continue }
        let wrong = fixture.planned.plan.changing(arenaBytes: 1 << 20) {
          $0.name == intruder.name || $0.storage == intruder.name && $0.kind != .workspace
            ? $0.with(offset: victim.offset) : $0
        }
        let executor = try fixture.planned.executor(weights: fixture.weights, plan: wrong)
        #expect(throws: KernelError.self, "\(intruder.name) over \(victim.name)") {
          _ = try executor.run(fixture.image)
        }
        tried += 1
      }
    }
    #expect(tried >= 5)
  }

  @Test func anOverwrittenTensorIsNamed() throws {
    var builder = GraphBuilder(name: "overlap")
    let x = builder.input("x", shape: [1, 2, 4, 4])
    let first = try builder.add(.maxPool(window: Window2D(kernel: Size2D(1))), [x], name: "first")
    let second = try builder.add(.maxPool(window: Window2D(kernel: Size2D(1))), [x], name: "second")
    let sum = try builder.add(.add(activation: .none), [first, second], name: "sum")
    let planned = try PlannedGraph(builder.build(outputs: [sum]), rowTile: nil, alignment: 4)
    let target = planned.plan.offset(ofTensor: "first")!
    let wrong = planned.plan.changing { $0.name == "second" ? $0.with(offset: target + 64) : $0 }
    let image = (0..<32).map { Float($0 + 1) }
    let error = #expect(throws: KernelError.self) {
      _ = try planned.executor(weights: WeightValues(), plan: wrong).run(image)
    }
    #expect(
      error == .overwritesLiveTensor(operatorName: "second", tensor: "first", byteOffset: target + 64))
  }

  /// An element-wise operator may not overwrite an input that somebody reads later.
  @Test func overwritingTooEarlyIsFound() throws {
    var builder = GraphBuilder(name: "early")
    let x = builder.input("x", shape: [1, 1, 3, 3])
    let positive = try builder.add(.relu, [x], name: "positive")
    let sum = try builder.add(.add(activation: .none), [x, positive], name: "sum")
    let planned = try PlannedGraph(builder.build(outputs: [sum]), rowTile: nil)
    let target = planned.plan.offset(ofTensor: "x")!
    let wrong = planned.plan.changing { $0.name == "positive" ? $0.with(offset: target) : $0 }
    let error = #expect(throws: KernelError.self) {
      _ = try planned.executor(weights: WeightValues(), plan: wrong).run([Float](repeating: -1, count: 9))
    }
    #expect(error == .overwritesLiveTensor(operatorName: "positive", tensor: "x", byteOffset: target))
  }

  @Test func overlappingInputsAreFound() throws {
    var builder = GraphBuilder(name: "inputs")
    let a = builder.input("a", shape: [1, 4])
    let b = builder.input("b", shape: [1, 4])
    let sum = try builder.add(.add(activation: .none), [a, b])
    let planned = try PlannedGraph(builder.build(outputs: [sum]), rowTile: nil)
    let wrong = planned.plan.changing { $0.kind == .tensor ? $0.with(offset: 0) : $0 }
    let executor = try planned.executor(weights: WeightValues(), plan: wrong)
    let error = #expect(throws: KernelError.self) {
      _ = try executor.run(inputs: [a: [1, 2, 3, 4], b: [5, 6, 7, 8]])
    }
    #expect(error == .overlappingInputs(tensor: "a"))
  }

  @Test func anotherWorkspaceThanDeclaredIsRefused() throws {
    let fixture = try Fixture()
    let planned = fixture.planned
    let workspace = planned.plan.buffers.first { $0.kind == .workspace }!
    for mode in [NetworkExecutor.Mode.fast, .checked] {
      for bytes in [workspace.bytes - 4, workspace.bytes + 4, 0] {
        let wrong = planned.plan.changing {
          $0.name == workspace.name ? bytes == 0 ? nil : $0.with(bytes: bytes) : $0
        }
        let error = #expect(throws: KernelError.self) {
          _ = try planned.executor(weights: fixture.weights, mode: mode, plan: wrong)
        }
        #expect(
          error
            == .workspaceMismatch(
              operatorName: workspace.storage, declaredBytes: workspace.bytes, plannedBytes: bytes))
      }
    }
  }

  @Test func wrongPlansAreRefused() throws {
    let fixture = try Fixture()
    let plan = fixture.planned.plan
    let image = plan.buffers.first { $0.name == "image" }!
    func error(_ plan: ArenaPlan) -> KernelError? {
      #expect(throws: KernelError.self) {
        _ = try fixture.planned.executor(weights: fixture.weights, plan: plan)
      }
    }
    #expect(error(plan.changing { $0.name == "image" ? nil : $0 }) == .missingBuffer(tensor: "image"))
    for offset in [-64, 2, plan.arenaBytes, Int.max] {
      #expect(
        error(plan.changing { $0.name == "image" ? $0.with(offset: offset) : $0 })
          == .invalidBuffer(name: "image", offset: offset, bytes: image.bytes, arenaBytes: plan.arenaBytes))
    }
  }

  @Test func wrongRequestsAreRefused() throws {
    let fixture = try Fixture()
    let planned = fixture.planned
    let graph = planned.graph
    func error(
      order: [OperatorID]? = nil, schedules: [KernelSchedule]? = nil, weights: WeightValues? = nil,
      threads: Int = 1
    ) -> KernelError? {
      #expect(throws: KernelError.self) {
        _ = try NetworkExecutor(
          graph: graph, order: order ?? planned.order, plan: planned.plan,
          schedules: schedules ?? planned.schedules,
          weights: weights ?? fixture.weights, threads: threads)
      }
    }
    #expect(error(order: planned.order.reversed()) == .invalidOrder)
    #expect(error(threads: 0) == .invalidThreadCount(0))
    #expect(error(schedules: []) == .wrongScheduleCount(expected: graph.operators.count, found: 0))
    var schedules = planned.schedules
    let index = graph.operators.firstIndex { $0.kind == .globalAveragePool }!
    schedules[index] = KernelSchedule(algorithm: .im2colGEMM)
    #expect(
      error(schedules: schedules)
        == .unsupportedSchedule(operatorName: graph.operators[index].name, schedule: schedules[index]))
    var weights = fixture.weights
    weights["logits.weight"] = [1]
    let count = graph.tensors.first { $0.name == "logits.weight" }!.shape.elementCount
    #expect(
      error(weights: weights)
        == .weightMismatch(name: "logits.weight", expectedElements: count, foundElements: 1))
    let executor = try planned.executor(weights: fixture.weights, mode: .fast)
    #expect(throws: KernelError.wrongElementCount(tensor: "image", expected: 64, found: 3)) {
      _ = try executor.run([1, 2, 3])
    }
  }

  @Test func opaqueOperatorsAndOtherTypesAreRefused() throws {
    var builder = GraphBuilder(name: "opaque")
    let x = builder.input("x", shape: [1, 2])
    let y = builder.addOpaque("Softmax", [x], outputs: [[1, 2]], name: "probabilities")
    let opaque = try PlannedGraph(builder.build(outputs: y), rowTile: nil)
    let error = #expect(throws: KernelError.self) { _ = try opaque.executor(weights: WeightValues()) }
    #expect(error == .notExecutable(operatorName: "probabilities", type: "Softmax"))
    #expect("\(error!)" == "operator 'probabilities' (Softmax) can be scheduled but not executed")

    var half = GraphBuilder(name: "half")
    let h = half.input("h", shape: [1, 2], elementType: .float16)
    let rectified = try half.add(.relu, [h])
    let halves = try PlannedGraph(half.build(outputs: [rectified]), rowTile: nil)
    #expect(throws: KernelError.unsupportedElementType(tensor: "h", elementType: .float16)) {
      _ = try halves.executor(weights: WeightValues())
    }
  }

  /// A small network in inference form with a panel convolution, a sum and a fully connected layer.
  private struct Fixture {
    let planned: PlannedGraph
    let weights: WeightValues
    let image: [Float]

    init() throws {
      var generator = SeededGenerator(seed: 5)
      var builder = GraphBuilder(name: "fixture")
      let window = Window2D(kernel: Size2D(3), padding: Padding2D(1))
      let image = builder.input("image", shape: [1, 1, 8, 8])
      let stem = try builder.convolution(image, outputChannels: 3, window: window, bias: true)
      let left = try builder.convolution(stem, outputChannels: 3, window: window, bias: true)
      let right = try builder.add(.averagePool(window: window, countsPadding: false), [stem])
      let sum = try builder.add(.add(activation: .none), [stem, left, right])
      let pooled = try builder.add(.flatten, [builder.add(.globalAveragePool, [sum])])
      let logits = try builder.fullyConnected(pooled, outputs: 4, name: "logits")
      let graph = try builder.build(outputs: [logits])
      planned = try PlannedGraph(graph, rowTile: 2)
      weights = randomWeights(for: graph, &generator)
      self.image = randomValues(64, &generator)
    }
  }
}
