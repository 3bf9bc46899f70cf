import ComputationGraph
import Devices
import Foundation
import Foundations
import Kernels
import ScheduleTuning
import SearchSpaces
import Testing

struct BlockTableTests {
  /// A latency that exceeds the sum by a fixed time an operator, as a barrier between threads does.
  @Test func theCorrectionLearnsWhatTheSumLeavesOut() {
    let networks = (0..<60).map { index in
      let estimate = BlockTable.Estimate(
        sumMilliseconds: 0.5 + Double(index % 7) * 0.3, operatorCount: 20 + index,
        arenaBytes: 100_000 + index * 5000,
        weightBytes: 50_000 + index % 5 * 100_000)
      return (
        estimate: estimate,
        milliseconds: estimate.sumMilliseconds * 1.1 + 0.004 * Double(estimate.operatorCount)
      )
    }
    let corrected = BlockTable.Correction.crossValidated(networks, folds: 5)
    func error(_ values: [Double]) -> Double {
      zip(values, networks).reduce(0) { $0 + abs($1.0 / $1.1.milliseconds - 1) } / Double(networks.count)
    }
    #expect(error(corrected) < 0.2 * error(networks.map(\.estimate.sumMilliseconds)))
  }

  @Test func sumsComeFromTheTable() throws {
    let database = InMemoryLatencyDatabase()
    let meter = LatencyMeter(policy: MeasurementPolicy(warmup: 0, repeats: 1), threads: 1)
    let network = try planned(cellNetwork())
    for id in network.graph.operatorIDs {
      let workload = Workload(of: id, in: network.graph, by: network.schedules[id.index])
      _ = database.freeze(
        LatencyStatistics(sampleMilliseconds: [2], warmup: 0, threads: 1), workload: workload.key,
        target: meter.target)
    }
    let table = BlockTable(KernelCandidates(meter: meter, database: database))
    let estimate = try table.estimate(of: network)
    #expect(estimate.sumMilliseconds == 2 * Double(network.order.count))
    #expect(estimate.arenaBytes == network.arena.arenaBytes && estimate.weightBytes == network.weightBytes)
  }

  @Test func aSmallSpaceIsLookedAtInFullAndALargeOneSampled() throws {
    let space = try SearchSpace.load(from: packageRoot.appending(path: "SearchSpaces/nasbench201.yaml"))
    let input = InputSpecification(channels: 1, height: 12, width: 12, classes: 10)
    var generator = SeededGenerator(seed: 4)
    let census = try WorkloadCensus(
      of: space, input: input, threads: 1, limit: 60, using: &generator)
    #expect(!census.isComplete && census.networkCount >= 60 && census.networkCount <= 61)
    #expect(census.entries.count > 10 && census.expectedUnseen > 0)
    #expect(Set(census.entries.map(\.workload.key)).count == census.entries.count)
    #expect(census.entries.allSatisfy { $0.occurrences >= $0.networks && $0.networks > 0 })
    generator = SeededGenerator(seed: 4)
    let again = try WorkloadCensus(of: space, input: input, threads: 1, limit: 60, using: &generator)
    #expect(again.entries.map(\.workload.key) == census.entries.map(\.workload.key))

    let text = try String(
      contentsOf: packageRoot.appending(path: "SearchSpaces/nasbench201.yaml"), encoding: .utf8
    )
    .replacing("channels: [4, 8, 12, 16, 24]", with: "channels: [4]")
    .replacing("cellsPerStage: [1, 2]", with: "cellsPerStage: [1]")
    .replacing(
      "operations: [none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3]",
      with: "operations: [none, nor_conv_3x3]")
    let file = FileManager.default.temporaryDirectory.appending(path: "census-\(UUID().uuidString).yaml")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let small = try SearchSpace.load(from: file)
    let whole = try WorkloadCensus(of: small, input: input, threads: 1, using: &generator)
    #expect(whole.isComplete && whole.expectedUnseen == 0)
    // Of 64 cells those without a path are no networks; there are three fusion levels.
    #expect(whole.networkCount > 128 && whole.networkCount < 192)
  }
}
