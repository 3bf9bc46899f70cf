import AccuracyEstimation
import Foundation
import Foundations
import Testing

@Suite struct AccuracyEstimateTests {
  /// As written before there were scores.
  private let stored = """
    {"accuracy":0.75,"epochs":2,"estimator":"short-training","seconds":1.5,"split":"validation","trainImages":100,\
    "validationImages":50}
    """

  @Test func storedEstimatesCanStillBeRead() throws {
    let estimate = try JSONFile.decode(AccuracyEstimate.self, from: Data(stored.utf8), source: "memory")
    #expect(estimate.accuracy == 0.75 && estimate.merit == 0.75 && estimate.score == nil)
    #expect(try JSONFile.encodeLine(estimate) == stored)
  }

  @Test func aScoreIsNoAccuracy() throws {
    let estimate = AccuracyEstimate(
      accuracy: nil, score: 31.5, estimator: "synflow", split: "none", trainImages: 0, validationImages: 0,
      epochs: 0, seconds: 1)
    let line = try JSONFile.encodeLine(estimate)
    #expect(!line.contains("accuracy") && estimate.merit == 31.5)
    #expect(try JSONFile.decode(AccuracyEstimate.self, from: Data(line.utf8), source: "memory") == estimate)
    #expect(throws: JSONFileError.self) {
      try JSONFile.decode(
        AccuracyEstimate.self, from: Data(stored.replacing("accuracy", with: "acuracy").utf8),
        source: "memory")
    }
  }
}
