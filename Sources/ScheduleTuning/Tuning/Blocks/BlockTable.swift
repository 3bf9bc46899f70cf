import ComputationGraph
import Foundation
import Kernels

/// Latencies of networks from those of their operators: the sum, and what networks are known to take more or less than it.
///
/// Operators are measured by themselves, with warm caches; in a network each reads what the one before has written, weights are
/// fetched again in every run, and threads meet after each operator.
public struct BlockTable: Sendable {
  private let candidates: KernelCandidates

  /// A table of the operators of a target.
  public init(_ candidates: KernelCandidates) { self.candidates = candidates }

  /// What is known of a network without running it; operators of which there is no latency are measured.
  ///
  /// - Throws: `KernelError` if an operator cannot be executed; the database's errors.
  public func estimate(of planned: PlannedNetwork) throws -> Estimate {
    let milliseconds = try planned.order.reduce(0) { sum, id in
      sum
        + (try candidates.milliseconds(of: id, in: planned.graph, under: [planned.schedules[id.index]])[0])
    }
    return Estimate(
      sumMilliseconds: milliseconds, operatorCount: planned.order.count, arenaBytes: planned.arena.arenaBytes,
      weightBytes: planned.weightBytes)
  }

  /// What is known of a network without running it.
  public struct Estimate: Hashable, Sendable {
    /// The sum of its operators' latencies.
    public let sumMilliseconds: Double
    /// The number of its operators.
    public let operatorCount: Int
    /// The size of its arena.
    public let arenaBytes: Int
    /// The bytes of its weights as the kernels store them.
    public let weightBytes: Int

    /// Creates an estimate. - Precondition: the sum is positive.
    public init(sumMilliseconds: Double, operatorCount: Int, arenaBytes: Int, weightBytes: Int) {
      precondition(sumMilliseconds > 0, "operators take time")
      self.sumMilliseconds = sumMilliseconds
      self.operatorCount = operatorCount
      self.arenaBytes = arenaBytes
      self.weightBytes = weightBytes
    }

    /// The constant 1; the time of one operator; arena and weights beside a typical second-level cache.
    fileprivate var features: [Double] {
      [
        1, log2(Double(operatorCount)) / 8, log2(sumMilliseconds / Double(operatorCount)) / 8,
        log2(1 + Double(arenaBytes) / 1_048_576), log2(1 + Double(weightBytes) / 1_048_576),
      ]
    }
  }

  /// What networks take beyond the sum of their operators, learned from networks that were measured: ridge regression on the
  /// logarithm of measured latency / sum.
  public struct Correction: Sendable {
    private static let penalty = 0.1
    private let weights: [Double]

    /// Learns from measured networks. - Precondition: latencies are positive.
    public init(_ measured: [(estimate: Estimate, milliseconds: Double)]) {
      var regression = RidgeRegression(count: 5)
      for (estimate, milliseconds) in measured {
        precondition(milliseconds > 0, "networks take time")
        regression.add(estimate.features, log(milliseconds / estimate.sumMilliseconds))
      }
      weights = regression.weights(penalty: Self.penalty)
    }

    /// The corrected latency of a network.
    public func milliseconds(_ estimate: Estimate) -> Double {
      estimate.sumMilliseconds
        * exp(zip(weights, estimate.features).reduce(0) { $0 + $1.0 * $1.1 })
    }

    /// The corrected latency of each of some measured networks, learned from the others only: `folds` times a part is left
    /// out, every `folds`-th network.
    ///
    /// - Precondition: `folds` is at least 2.
    public static func crossValidated(
      _ measured: [(estimate: Estimate, milliseconds: Double)], folds: Int
    ) -> [Double] {
      precondition(folds > 1, "nothing would be left to learn from")
      let corrections = (0..<folds).map { fold in
        Correction(measured.enumerated().filter { $0.offset % folds != fold }.map(\.element))
      }
      return measured.enumerated().map { corrections[$0.offset % folds].milliseconds($0.element.estimate) }
    }
  }
}
