import AccuracyEstimation
import ComputationGraph
import CoSearch
import Foundation
import Foundations
import MemoryPlanning
import ScheduleTuning
import SearchSpaces
import Training

/// A new folder that goes when its owner does.
final class TemporaryFolder: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "tandem-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}

/// Trials with random content, of every outcome.
enum RandomTrials {
  static func make(_ count: Int, seed: UInt64) -> [Trial] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { trial($0, using: &generator) }
  }

  static func candidate(_ number: Int) -> Candidate {
    Candidate(
      architecture: Architecture(space: "random", choices: ["a": "\(number / 2)", "ü": "\"quoted\""]),
      policy: SchedulingPolicy(
        fusion: number % 2 == 0 ? .none : .activation, scheduler: "rpo",
        rowTile: [.fit, .rows(1), .whole][number % 3]))
  }

  static func trial(_ id: Int, using generator: inout SeededGenerator) -> Trial {
    let outcome: TrialOutcome
    switch Int.random(in: 0..<3, using: &generator) {
    case 0: outcome = .rejected(["small": rejection(&generator), "large": rejection(&generator)])
    case 1:
      outcome = .failed(
        TrialFailure(
          stage: TrialFailure.Stage.allCases.randomElement(using: &generator)!, message: "it's \"broken\"",
          rejections: ["small": rejection(&generator)]))
    default: outcome = .measured(measurement(&generator))
    }
    return Trial(
      id: id, candidate: candidate(id), outcome: outcome, seconds: .random(in: 0...1, using: &generator))
  }

  static func rejection(_ generator: inout SeededGenerator) -> Rejection {
    Rejection(
      reason: Rejection.Reason.allCases.randomElement(using: &generator)!,
      peakBytes: .random(in: 0...(1 << 40), using: &generator),
      limitBytes: .random(in: 0...100, using: &generator),
      operatorName: Bool.random(using: &generator) ? "stage1/conv" : nil,
      provedInfeasible: Bool.random(using: &generator))
  }

  static func measurement(_ generator: inout SeededGenerator) -> CoSearch.Measurement {
    func number() -> Int { .random(in: 1...1_000_000, using: &generator) }
    func fraction() -> Double { .random(in: 0..<1, using: &generator) }
    let peakText = """
      {"bytes": \(number()), "step": 3, "operatorID": 7, "operatorName": "conv", "inputBytes": 1,
       "outputBytes": 2, "otherLiveBytes": 3, "workspaceBytes": 4}
      """
    let peak = try! JSONDecoder().decode(MemoryPeak.self, from: Data(peakText.utf8))
    return CoSearch.Measurement(
      validation: AccuracyEstimate(
        accuracy: fraction(), estimator: "short-training", split: "validation", trainImages: number(),
        validationImages: number(), epochs: fraction(), seconds: fraction()),
      devices: [
        "large": DeviceMeasurement(
          arenaBytes: number(), peak: peak, livePeakBytes: number(),
          latency: LatencyStatistics(
            sampleMilliseconds: [fraction(), fraction(), fraction()], warmup: 2, threads: 1))
      ],
      rejections: ["small": rejection(&generator)],
      trivialBoundBytes: number(), weightBytes: number(), macs: number(), parameters: number())
  }

  static func state(_ number: Int) -> SearchState {
    SearchState(
      generator: SeededGenerator(seed: UInt64(number)), strategy: "random",
      strategyState: "{\"toldCount\":\(number)}")
  }

  static func finalResult(_ trialID: Int) -> FinalResult {
    FinalResult(
      trialID: trialID, architectureKey: "key \(trialID)", testAccuracy: 0.1 + Double(trialID) / 100,
      testImages: 10_000, trainImages: 60_000, epochs: 2.5, seconds: 1.25,
      normalization: Normalization(mean: [0.28604], standardDeviation: [0.35302]),
      weightsFile: "checkpoint/trial-\(trialID).weights",
      history: [
        EpochRecord(epoch: 1, trainLoss: 0.5, trainAccuracy: 0.8, learningRate: 0.1, seconds: 3)
      ])
  }
}
