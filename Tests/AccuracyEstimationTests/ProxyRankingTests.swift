import AccuracyEstimation
import Foundation
import Foundations
import SearchSpaces
import Testing
import Training

/// Whether proxies rank the way that trained networks do: against NAS-Bench-201, where its table is at hand.
@Suite(.serialized) struct ProxyRankingTests {
  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: AccuracyTableTests.published.path),
      "the benchmark's table is not here"))
  func proxiesRankTheBenchmark() throws {
    let space = try SearchSpace.load(from: packageFolder.appending(path: "SearchSpaces/nasbench201.yaml"))
    let table = try AccuracyTable.read(AccuracyTableTests.published, column: "c10_test")
    let input = InputSpecification(channels: 3, height: 32, width: 32, classes: 10)
    var generator = SeededGenerator(seed: 201)
    var subjects: [EstimationSubject] = []
    while subjects.count < 100 {
      var choices = space.sample(using: &generator).architecture.choices
      choices["stemChannels"] = "16"
      choices["cellsPerStage"] = "1"
      let architecture = Architecture(space: space.name, choices: choices)
      guard let graph = try? space.trainingGraph(for: architecture, input: input) else { continue }
      subjects.append(EstimationSubject(architecture: architecture, training: graph))
    }
    let accuracies = subjects.map { table.accuracies[space.label($0.architecture)]! }
    // Noise instead of CIFAR-10's images: for proxies that need images it shows that they work, not how well.
    let noise = try ImageDataset(
      name: "noise", channels: 3, height: 32, width: 32, classes: 10,
      images: (0..<320 * 3072).map { _ in UInt8.random(in: 0...255, using: &generator) },
      labels: (0..<320).map { UInt8($0 % 10) })
    for proxy in ZeroCostProxy.allCases {
      let estimator = try ZeroCostEstimator(proxy: proxy, trainingSet: noise)
      var pairs: [(score: Double, accuracy: Double)] = []
      let start = ContinuousClock.now
      for (subject, accuracy) in zip(subjects, accuracies) {
        guard let estimate = try? estimator.estimate(subject, seed: 1) else { continue }
        pairs.append((estimate.merit, accuracy))
      }
      let seconds = start.duration(to: .now) / .seconds(1)
      let tau = RankCorrelation.kendall(pairs.map(\.score), pairs.map(\.accuracy))
      let rho = RankCorrelation.spearman(pairs.map(\.score), pairs.map(\.accuracy))
      print(
        "\(proxy.rawValue): tau \(String(format: "%.3f", tau)), rho \(String(format: "%.3f", rho)), "
          + "\(String(format: "%.4f", seconds / Double(subjects.count))) s each, \(pairs.count) of \(subjects.count)"
      )
      #expect(pairs.count > 95)
      // Published for the data-free ones on the benchmark's own, larger network: about 0.5 to 0.6.
      if !proxy.needsImages { #expect(tau > 0.35, "\(proxy): \(tau)") }
    }
  }
}
