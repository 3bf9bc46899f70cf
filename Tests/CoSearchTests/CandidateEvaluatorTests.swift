import AccuracyEstimation
import ComputationGraph
import CoSearch
import Devices
import Foundation
import Foundations
import Kernels
import MemoryPlanning
import ScheduleTuning
import SearchSpaces
import Testing

@Suite struct CandidateEvaluatorTests {
  private let files: TinyExperiment

  init() throws { files = try TinyExperiment() }

  /// The reason a device should give, from the plan itself.
  private func expectedReason(
    _ candidate: Candidate, _ device: DeviceProfile, in experiment: Experiment
  ) throws -> (reason: Rejection.Reason?, bytes: Int) {
    guard
      let graph = try? experiment.space.trainingGraph(
        for: candidate.architecture, input: experiment.dataset.input)
    else { return (.disconnected, 0) }
    let bounded = try NetworkPlanner.bound(training: graph, policy: candidate.policy)
    let plan = try NetworkPlanner.plan(bounded, alignment: device.alignment)
    let limit = device.memoryBytes - device.reservedBytes
    // From the definition: the bound of one operator, the profile's maximum, the end of the last buffer.
    let largestStep = plan.schedule.profile.liveBytes.max()!
    let end = plan.arena.buffers.map { $0.offset + $0.bytes }.max()!
    if bounded.trivialBound.bytes > limit { return (.memoryBound, bounded.trivialBound.bytes) }
    if largestStep > limit { return (.memoryPeak, largestStep) }
    if plan.arena.arenaBytes > limit || end > limit { return (.memoryArena, plan.arena.arenaBytes) }
    let weights = plan.graph.tensors.filter { $0.role == .weight }
      .reduce(0) { $0 + $1.shape.elementCount * 4 }
    if let flash = device.flashBytes, weights > flash { return (.flash, weights) }
    return (nil, 0)
  }

  @Test func rejectionsFollowFromThePlan() throws {
    let experiment = try files.load(
      TinyExperiment.text(devices: "[impossible, small, large, flashless]"))
    let fake = FakeEvaluation(experiment)
    var generator = SeededGenerator(seed: 3)
    var seen: Set<Rejection.Reason?> = []
    for _ in 0..<150 {
      let candidate = experiment.space.sample(using: &generator)
      let trained = fake.accuracies.calls.count
      let outcome = try fake.evaluator.evaluate(candidate, for: experiment.devices)
      let trial = Trial(id: 0, candidate: candidate, outcome: outcome, seconds: 0)
      for device in experiment.devices {
        let expected = try expectedReason(candidate, device, in: experiment)
        seen.insert(expected.reason)
        let rejection = trial.rejections[device.name]
        #expect(rejection?.reason == expected.reason)
        #expect(trial.isFeasible(on: device.name) == (expected.reason == nil))
        if let rejection {
          #expect(rejection.peakBytes == expected.bytes)
          #expect(rejection.peakBytes > rejection.limitBytes || rejection.reason == .disconnected)
          if rejection.reason == .memoryBound {
            let training = try experiment.space.trainingGraph(
              for: candidate.architecture, input: experiment.dataset.input)
            let bounded = try NetworkPlanner.bound(training: training, policy: candidate.policy)
            let smallest = bounded.graph.operatorIDs.allSatisfy { id in
              let own = bounded.schedules[id.index].workspaceBytes(for: id, in: bounded.graph)
              return candidate.policy.rowTile != .fit
                || KernelSchedule.fittedOptions(for: id, in: bounded.graph)
                  .allSatisfy { $0.workspaceBytes(for: id, in: bounded.graph) >= own }
            }
            #expect(rejection.provedInfeasible == smallest)
          }
        }
      }
      let isAdmitted = experiment.devices.contains { trial.isFeasible(on: $0.name) }
      #expect(outcome.kind == (isAdmitted ? .measured : .rejected))
      #expect(fake.accuracies.calls.count == trained + (isAdmitted ? 1 : 0))
    }
    #expect(seen.isSuperset(of: [nil, .disconnected, .memoryBound, .flash]))
  }

  /// A device whose limit lies just below one figure of a plan, so that exactly the next check rejects.
  @Test func everyStageRejectsWhatTheStagesBeforeLetPass() throws {
    let experiment = try files.load()
    let fake = FakeEvaluation(experiment)
    var generator = SeededGenerator(seed: 4)
    var stages: Set<Rejection.Reason> = []
    for _ in 0..<200 {
      let candidate = experiment.space.sample(using: &generator)
      guard let plan = try? fake.evaluator.plan(candidate, alignment: 4096) else { continue }
      let cases: [(limit: Int, reason: Rejection.Reason)] = [
        (plan.trivialBound.bytes - 1, .memoryBound), (plan.peak.bytes - 1, .memoryPeak),
        (plan.arena.arenaBytes - 1, .memoryArena),
      ]
      for (limit, reason) in cases {
        if reason == .memoryPeak, plan.peak.bytes == plan.trivialBound.bytes { continue }
        if reason == .memoryArena, plan.arena.arenaBytes == plan.peak.bytes { continue }
        let device = DeviceProfile(
          name: "edge", title: "", description: "", memoryBytes: limit + 100, reservedBytes: 100,
          alignment: 4096)
        let outcome = try fake.evaluator.evaluate(candidate, for: [device])
        guard case .rejected(let rejections) = outcome else {
          Issue.record("not rejected: \(outcome)")
          continue
        }
        #expect(rejections["edge"]?.reason == reason)
        #expect(rejections["edge"]?.limitBytes == limit)
        stages.insert(reason)
      }
      let exact = DeviceProfile(
        name: "exact", title: "", description: "", memoryBytes: plan.arena.arenaBytes, alignment: 4096)
      #expect(try fake.evaluator.evaluate(candidate, for: [exact]).kind == .measured)
    }
    #expect(stages.isSuperset(of: [.memoryBound, .memoryArena]))
  }

  @Test func devicesOfOneClassShareAMeasurement() throws {
    let experiment = try files.load(TinyExperiment.text(devices: "[large, huge, flashless]"))
    let fake = FakeEvaluation(experiment)
    var generator = SeededGenerator(seed: 5)
    var classes = 0
    while classes < 3 {
      let candidate = experiment.space.sample(using: &generator)
      let before = fake.latencies.calls.count
      let outcome = try fake.evaluator.evaluate(candidate, for: experiment.devices)
      guard case .measured(let measurement) = outcome, measurement.devices.count == 2 else { continue }
      classes += 1
      // `large` has one thread, `huge` two; `flashless` admits nothing.
      #expect(fake.latencies.calls.count == before + 2)
      #expect(measurement.devices["large"]?.latency.threads == 1)
      #expect(measurement.devices["huge"]?.latency.threads == 2)
    }
    let twins = [experiment.devices[1], renamed(experiment.devices[1], "twin")]
    let before = fake.latencies.calls.count
    var candidate = experiment.space.sample(using: &generator)
    while (try? fake.evaluator.plan(candidate, alignment: 64)) == nil {
      candidate = experiment.space.sample(using: &generator)
    }
    guard case .measured(let measurement) = try fake.evaluator.evaluate(candidate, for: twins) else {
      Issue.record("the twins admit everything")
      return
    }
    #expect(fake.latencies.calls.count == before + 1)
    #expect(measurement.devices["twin"] == measurement.devices["huge"])
  }

  private func renamed(_ device: DeviceProfile, _ name: String) -> DeviceProfile {
    DeviceProfile(
      name: name, title: device.title, description: device.description, memoryBytes: device.memoryBytes,
      reservedBytes: device.reservedBytes, threads: device.threads, alignment: device.alignment,
      measurement: device.measurement)
  }

  @Test func aBrokenDatabaseStopsTheSearchButABrokenNetworkDoesNot() throws {
    struct Broken: LatencySource {
      let error: LatencySourceError
      func latency(of network: PlannedNetwork, on device: DeviceProfile) throws(LatencySourceError)
        -> LatencyStatistics
      { throw error }
      func operatorMilliseconds(
        of id: OperatorID, in graph: Graph, under schedules: [KernelSchedule], on device: DeviceProfile
      ) throws(LatencySourceError) -> [Double] { throw error }
    }
    let experiment = try files.load(TinyExperiment.text(devices: "[huge]", trials: 20))
    for error in [LatencySourceError.database(reason: "disk full"), .network(reason: "no kernel")] {
      let evaluator = CandidateEvaluator(
        experiment: experiment, latency: Broken(error: error), accuracy: FakeAccuracy(counter: Counter()))
      let run = SearchRun(experiment: experiment, evaluator: evaluator, journal: MemoryJournal())
      if case .database = error {
        #expect(throws: SearchError.self) { try run.run() }
      } else {
        let result = try run.run()
        #expect(result.summary.tally.outcomes[.failed] ?? 0 > 0)
        #expect(result.summary.tally.outcomes[.measured] == nil)
      }
    }
  }

  @Test func anInvalidCandidateFailsAtLowering() throws {
    let experiment = try files.load()
    let alien = Candidate(
      architecture: Architecture(space: "other", choices: [:]),
      policy: SchedulingPolicy(fusion: .none, scheduler: "rpo", rowTile: .whole))
    let evaluation = try FakeEvaluation(experiment).evaluator.evaluation(of: alien, experiment: experiment)
    guard case .failed(let failure) = evaluation.outcome else {
      Issue.record("a candidate of another space was evaluated: \(evaluation.outcome)")
      return
    }
    #expect(failure.stage == .lowering)
  }
}
