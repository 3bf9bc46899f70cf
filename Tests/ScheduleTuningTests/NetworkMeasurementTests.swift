import ComputationGraph
import Devices
import Foundations
import Kernels
import ScheduleTuning
import SearchSpaces
import Testing

/// A network run with its own weights: outputs as the reference computes them, memory as planned.
struct NetworkMeasurementTests {
  private let meter = LatencyMeter(
    policy: MeasurementPolicy(warmup: 1, repeats: 3, minimumSampleMilliseconds: 0.01), threads: 1)

  @Test(arguments: [RowTile.rows(1), .rows(3), .whole]) func outputsAndMemoryAreMeasured(_ rowTile: RowTile)
    throws
  {
    let network = try cellNetwork()
    var generator = SeededGenerator(seed: 4)
    let weights = WeightValues.random(for: network, using: &generator)
    let policy = SchedulingPolicy(fusion: .activation, scheduler: "exact", rowTile: rowTile)
    let plan = try NetworkPlanner.plan(
      NetworkPlanner.bound(training: network, policy: policy), alignment: 64, timeLimit: .seconds(10))
    #expect(plan.schedule.proof == .optimal)
    let inputs = plan.graph.randomInputs(using: &generator)
    let found = try meter.measurement(of: plan, weights: plan.inference.convert(weights), inputs: inputs)
    #expect(found.measuredArenaBytes == plan.arena.arenaBytes)
    #expect(found.latency.repeats == 3 && found.latency.minMilliseconds > 0)
    #expect(found.operators.map(\.name) == plan.order.map { plan.graph[$0].name })
    #expect(
      found.operators.map(\.workspaceBytes)
        == plan.order.map { plan.schedules[$0.index].workspaceBytes(for: $0, in: plan.graph) })

    let expected = ReferenceExecutor.run(
      graph: network, weights: weights, inputs: [network.inputs[0]: inputs[plan.graph.inputs[0]]!])
    let (a, b) = (expected[network.outputs[0]]!, found.outputs[plan.graph.outputs[0]]!)
    #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-4 * a.map(abs).max()! })
  }

  @Test func withoutTimeThePlanIsStillValid() throws {
    let policy = SchedulingPolicy(fusion: .none, scheduler: "exact", rowTile: .rows(2))
    let bounded = try NetworkPlanner.bound(training: cellNetwork(), policy: policy)
    let hurried = try NetworkPlanner.plan(bounded, alignment: 64, timeLimit: .nanoseconds(1))
    let patient = try NetworkPlanner.plan(bounded, alignment: 64)
    #expect(hurried.graph.isValidOrder(hurried.order))
    #expect(hurried.peak.bytes >= patient.peak.bytes)
  }
}
