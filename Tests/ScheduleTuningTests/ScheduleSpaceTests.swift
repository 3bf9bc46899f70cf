import ComputationGraph
import Foundation
import Foundations
import Kernels
import MemoryPlanning
import ScheduleTuning
import Testing

struct ScheduleSpaceTests {
  @Test func membersApplyOnceAndContainTheFixedChoices() throws {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<40 {
      let workload = try randomConvolution(&generator)
      let threads = Int.random(in: 1...3, using: &generator)
      let space = ScheduleSpace(of: workload, threads: threads)
      #expect(Set(space.schedules).count == space.schedules.count)
      #expect(space.schedules.allSatisfy { $0.applies(to: workload.id, in: workload.graph) })
      #expect(space.schedules.allSatisfy { $0.threads <= threads })
      #expect(
        Set(space.schedules).isSuperset(
          of: KernelSchedule.fittedOptions(for: workload.id, in: workload.graph, threads: threads)))
      // A tile of everything is no tile.
      #expect(
        space.schedules.allSatisfy {
          $0.rowTile.map { $0 < workload.graph[workload.graph[workload.id].outputs[0]].shape[2] } ?? true
        })
    }
  }

  @Test func childrenAreMembersAndMutationReachesEveryMember() throws {
    var generator = SeededGenerator(seed: 12)
    for _ in 0..<10 {
      let workload = try randomConvolution(&generator)
      let space = ScheduleSpace(of: workload, threads: 2)
      var reached: Set<KernelSchedule> = []
      var current = space.schedules[0]
      for _ in 0..<400 * space.schedules.count {
        let mutated = space.mutate(current, using: &generator)
        #expect(space.contains(mutated))
        #expect(space.contains(space.crossover(current, mutated, using: &generator)))
        current = mutated
        reached.insert(current)
        if reached.count == space.schedules.count { break }
      }
      #expect(reached == Set(space.schedules))
    }
  }

  /// The executor's checked mode watches every byte: a workspace that is not exact, or a wrong value, is found.
  @Test(arguments: [1, 2])
  func membersComputeTheReferenceInTheirWorkspace(threads: Int) throws {
    var generator = SeededGenerator(seed: 13)
    for _ in 0..<6 {
      let workload = try randomConvolution(&generator)
      let graph = workload.graph
      let space = ScheduleSpace(of: workload, threads: threads)
      let weights = WeightValues.random(for: graph, using: &generator)
      let inputs = graph.randomInputs(using: &generator)
      let expected = ReferenceExecutor.run(graph: graph, weights: weights, inputs: inputs)[graph.outputs[0]]!
      for schedule in space.schedules.shuffled(using: &generator).prefix(12) {
        let problem = MemoryProblem(
          graph: graph, model: MemoryModel(workspaceBytes: [space.workspaceBytes(of: schedule)]))
        let plan = try GreedyBySizeAllocator().allocate(problem, order: [workload.id], alignment: 64)
        let executor = try NetworkExecutor(
          graph: graph, order: [workload.id], plan: plan, schedules: [schedule], weights: weights,
          threads: threads, mode: .checked)
        let found = try executor.run(inputs: inputs)[graph.outputs[0]]!
        #expect(OperatorMeter.disagreement(of: found, with: expected) == nil, "\(schedule)")
        #expect(
          space.storedWeightBytes(of: schedule) == graph.storedWeightBytes(under: [schedule]).reduce(0, +))
      }
    }
  }

  @Test func operatorsAreOneWorkloadWhateverTheirNames() throws {
    let graph = try planned(cellNetwork()).graph
    let twin = try planned(cellNetwork(prefix: "other")).graph
    for id in graph.operatorIDs {
      let workload = try OperatorWorkload(of: id, in: graph)
      #expect(try OperatorWorkload(of: id, in: twin).key == workload.key)
      #expect(try OperatorWorkload(of: workload.id, in: workload.graph).key == workload.key)
    }
    #expect(Set(try graph.operatorIDs.map { try OperatorWorkload(of: $0, in: graph).key }).count > 4)
  }

  @Test func storedSchedulesAreReadBack() throws {
    var generator = SeededGenerator(seed: 14)
    for _ in 0..<10 {
      for schedule in ScheduleSpace(of: try randomConvolution(&generator), threads: 2).schedules {
        let text = try JSONFile.encodeLine(StoredKernelSchedule(schedule))
        let read = try JSONFile.decode(StoredKernelSchedule.self, from: Data(text.utf8), source: "row")
        #expect(read.schedule == schedule)
      }
    }
    #expect(
      try JSONFile.encodeLine(StoredKernelSchedule(KernelSchedule(algorithm: .im2colGEMM, rowTile: 3)))
        == #"{"algorithm":"im2colGEMM","rowTile":3}"#)
    for (text, expected) in [
      (#"{"algorithm":"im2colGEMM","swirl":3}"#, "'swirl' is no knob"),
      (#"{"algorithm":"im2colGEMM","rowTile":0}"#, "0 is not positive"),
      (#"{"algorithm":"directInPlace","lanes":"rows"}"#, "'rows' is none of pixels, channels"),
      (#"{"rowTile":1}"#, "'algorithm' is missing"), (#"{"algorithm":"magic"}"#, "magic"),
    ] {
      let error = #expect(throws: JSONFileError.self) {
        _ = try JSONFile.decode(StoredKernelSchedule.self, from: Data(text.utf8), source: "row")
      }
      #expect("\(error!)".contains(expected), "\(error!)")
    }
  }
}
