import ComputationGraph
import Devices
import MemoryPlanning
import ScheduleTuning
import Testing

struct WorkloadTests {
  /// The text is pinned: stored latencies are found again by later versions only if it stays. The digest is
  /// `sha256sum`'s.
  @Test func textAndKeyArePinned() throws {
    var builder = GraphBuilder(name: "pinned")
    let x = builder.input("x", shape: [1, 2, 4, 4])
    let y = try builder.convolution(
      x, outputChannels: 3, window: Window2D(kernel: Size2D(3), padding: Padding2D(1)), bias: true)
    let z = try builder.add(.relu, [y])
    let graph = try builder.build(outputs: [z])
    let plan = try planned(graph, fusion: .activation, scheduler: "file", rowTile: .rows(2))
    let workload = Workload(
      graph: plan.graph, order: plan.order, schedules: plan.schedules, arena: plan.arena)
    #expect(
      workload.text == """
        tandem workload 3
        arena 896
        tensor 0 float32 1×2×4×4 @768
        inputs 0
        tensor 1 float32 3×2×3×3 weight
        tensor 2 float32 3 weight
        tensor 3 float32 1×3×4×4 @576
        convolution 3x3 stride 1 1 padding 1 1 1 1 dilation 1 1 groups 1 in none out relu by im2colGEMM/2: \
        0 1 2 -> 3 workspace 576@0
        outputs 3

        """)
    #expect(workload.key == plan.workloadKey)
    #expect(workload.key == "063647af2c5598c3bd149b23b7194ad5eb8065934035647a8a9292e6909946d7")
  }

  @Test func namesDoNotMatter() throws {
    #expect(try planned(cellNetwork()).workloadKey == planned(cellNetwork(prefix: "other")).workloadKey)
  }

  @Test func everythingThatTakesTimeMatters() throws {
    let keys = try [
      planned(cellNetwork()), planned(cellNetwork(), rowTile: .rows(3)),
      planned(cellNetwork(), rowTile: .whole),
      planned(cellNetwork(), fusion: .none), planned(cellNetwork(channels: 5)),
      planned(cellNetwork(), alignment: 4096),
    ].map(\.workloadKey)
    #expect(Set(keys).count == keys.count)
    #expect(keys.allSatisfy { $0.count == 64 && $0.allSatisfy(\.isHexDigit) })
  }

  /// What a convolution adds takes time, and so does what it is: an image of its own, or the one that is read.
  @Test func addendsMatter() throws {
    func workload(_ fusion: FusionLevel, addsInput: Bool) throws -> OperatorWorkload {
      var builder = GraphBuilder(name: "sum")
      let images = ["x", "y"].map { builder.input($0, shape: [1, 4, 6, 6]) }
      let window = Window2D(kernel: Size2D(3), padding: Padding2D(1))
      let result = try builder.convolution(images[0], outputChannels: 4, window: window, bias: true)
      let sum = try builder.add(.add(activation: .none), [result, images[addsInput ? 0 : 1]])
      let graph = try InferenceGraph(builder.build(outputs: [sum]), fusion: fusion).graph
      return try OperatorWorkload(of: OperatorID(0), in: graph)
    }
    let workloads = try [
      workload(.activation, addsInput: false), workload(.residual, addsInput: false),
      workload(.residual, addsInput: true),
    ]
    #expect(Set(workloads.map(\.key)).count == 3)
    #expect(workloads.map(\.graph.inputs.count) == [1, 2, 1])
    #expect(workloads[1].summary == "Conv 3×3 1×4×6×6, 1×4×6×6 → 1×4×6×6")
    // All its kernel schedules run, and agree with the first.
    let meter = OperatorMeter(
      threads: 2, policy: MeasurementPolicy(warmup: 0, repeats: 1, minimumSampleMilliseconds: 0))
    for workload in workloads.dropFirst() {
      let space = ScheduleSpace(of: workload, threads: 2)
      let outcomes = try meter.outcomes(of: space.schedules, for: workload, isThorough: false)
      for (schedule, outcome) in zip(space.schedules, outcomes) {
        if case .failed(let reason) = outcome { Issue.record("\(schedule): \(reason)") }
      }
      #expect(
        Set(space.schedules.map(\.algorithm)).isSuperset(of: [.im2colGEMM, .winograd4x4, .directInPlace]))
    }
  }

  /// The same operators in another order are another workload, unless the plan runs them in the same way.
  @Test func orderMatters() throws {
    let plan = try planned(cellNetwork())
    func key(_ order: [OperatorID]) throws -> String {
      let arena = try ArenaAllocator().allocate(
        MemoryProblem(graph: plan.graph, model: plan.model), order: order, alignment: 64)
      return Workload(graph: plan.graph, order: order, schedules: plan.schedules, arena: arena).key
    }
    let kahn = plan.graph.kahnOrder()
    let file = try FileOrderScheduler().schedule(MemoryProblem(graph: plan.graph, model: plan.model)).order
    #expect(try key(kahn) == key(kahn))
    #expect(try (key(kahn) == key(file)) == (kahn == file))
    #expect(try key(plan.order) == plan.workloadKey)
    var swapped = plan.order
    let step = swapped.indices.dropFirst().first {
      !plan.graph.predecessors[swapped[$0].index].contains(swapped[$0 - 1])
    }!
    swapped.swapAt(step, step - 1)
    #expect(try key(swapped) != plan.workloadKey)
  }
}
