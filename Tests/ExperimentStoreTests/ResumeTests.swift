import AccuracyEstimation
import ComputationGraph
import CoSearch
import Devices
import ExperimentStore
import Foundation
import Kernels
import ScheduleTuning
import SearchSpaces
import Testing

/// A search over the store on disk, reopened after every trial.
@Suite struct ResumeTests {
  private struct Accuracy: AccuracyEstimator {
    var name: String { "fake" }
    var costDescription: String { "nothing" }
    func estimate(_ subject: EstimationSubject, seed: UInt64) throws(EstimationError) -> AccuracyEstimate {
      AccuracyEstimate(
        accuracy: Double(seed % 1000) / 1000, estimator: name, split: "validation", trainImages: 1,
        validationImages: 1, epochs: 1, seconds: 0)
    }
  }

  private struct Latency: LatencySource {
    func latency(of network: PlannedNetwork, on device: DeviceProfile) throws(LatencySourceError)
      -> LatencyStatistics
    {
      LatencyStatistics(
        sampleMilliseconds: [Double(network.graph.macs) / 1e6], warmup: 0, threads: device.threads)
    }

    func operatorMilliseconds(
      of id: OperatorID, in graph: Graph, under schedules: [KernelSchedule], on device: DeviceProfile
    ) -> [Double] {
      schedules.map { 1 / Double($0.workspaceBytes(for: id, in: graph) + 1) }
    }
  }

  @Test func aSearchThatIsReopenedAfterEveryTrialEqualsOneThatIsNot() throws {
    let folder = try TemporaryFolder()
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    var experiment = try Experiment.load(
      from: root.appending(path: "Sources/CoSearch/Formats/Experiment.golden.yaml"))
    experiment.trials = 20
    experiment.strategy = .regularizedEvolution(population: 5, tournament: 2)
    let evaluator = CandidateEvaluator(experiment: experiment, latency: Latency(), accuracy: Accuracy())

    let whole = try RunStore(at: folder.url.appending(path: "whole.sqlite"))
    _ = try SearchRun(experiment: experiment, evaluator: evaluator, journal: whole).run()

    let file = folder.url.appending(path: "pieces.sqlite")
    for session in 1...20 {
      let store = try RunStore(at: file)
      _ = try SearchRun(
        experiment: experiment, evaluator: evaluator, journal: store,
        isCancelled: { (try? store.trials().count) == session }
      ).run()
      try store.close()
    }
    let pieces = try RunStore(readingFrom: file)
    #expect(try pieces.trials().map(\.withoutWallClock) == whole.trials().map(\.withoutWallClock))
    #expect(try pieces.state() == whole.state())
  }
}
