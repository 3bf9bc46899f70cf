import Foundation
import Kernels

/// Predicts latencies of kernel schedules from what was measured: ridge regression on the logarithm of the latency, in three
/// stages, each of the residuals of the one before: over all observations, over those of the same algorithm, and over those of the same
/// operator. The first makes predictions possible where nothing is known of an algorithm; the last is what ranks the
/// schedules of an operator of which some have been measured.
///
/// Deterministic: equal observations in the same order give equal predictions.
public struct CostModel: Sendable {
  /// One measured schedule.
  public struct Observation: Hashable, Sendable {
    /// What was measured.
    public let features: ScheduleFeatures
    /// Its latency.
    public let milliseconds: Double

    /// Creates an observation. - Precondition: the latency is finite and not negative.
    public init(features: ScheduleFeatures, milliseconds: Double) {
      precondition(milliseconds.isFinite && milliseconds >= 0, "no latency")
      self.features = features
      self.milliseconds = milliseconds
    }
  }

  /// The weight of large coefficients, by stage. The first two see many observations; the last some tens.
  private static let penalties = (all: 0.1, algorithm: 0.3, operator: 0.3)
  /// Of everything that is measured, what takes no time at all does not exist.
  private static let leastMilliseconds = 1e-6

  private var sums: [KernelAlgorithm: RidgeRegression] = [:]

  /// Creates a model that knows nothing.
  public init() {}

  /// Creates a model from observations; those with features of another revision are passed over.
  public init(_ observations: some Sequence<Observation>) {
    for observation in observations { add(observation) }
  }

  /// How many observations the model has.
  public var observationCount: Int { Int(sums.values.reduce(0) { $0 + $1.observations }) }

  /// Adds an observation; one with features of another revision is passed over.
  public mutating func add(_ observation: Observation) {
    guard observation.features.isCurrent else { return }
    sums[observation.features.algorithm, default: RidgeRegression(count: ScheduleFeatures.count)]
      .add(observation.features.values, Self.logarithm(observation.milliseconds))
  }

  /// The fitted model.
  ///
  /// - Parameter own: what is known of the operator that predictions are asked for; may be among the observations too.
  /// - Complexity: cubic in the number of features, linear in that of `own`.
  public func predictor(own: [Observation] = []) -> Predictor {
    let algorithms = sums.keys.sorted { $0.rawValue < $1.rawValue }
    let empty = RidgeRegression(count: ScheduleFeatures.count)
    let general = algorithms.reduce(empty) { $0 + sums[$1]! }.weights(penalty: Self.penalties.all)
    var special: [KernelAlgorithm: [Double]] = [:]
    for algorithm in algorithms {
      special[algorithm] = sums[algorithm]!.residuals(of: general)
        .weights(penalty: Self.penalties.algorithm)
    }
    let prior = Predictor(general: general, special: special, own: nil)
    let known = own.filter(\.features.isCurrent)
    guard !known.isEmpty else { return prior }
    var residuals = RidgeRegression(count: Predictor.ownCount)
    for observation in known {
      let x = observation.features
      residuals.add(
        Predictor.ownFeatures(x),
        Self.logarithm(observation.milliseconds) - prior.logarithm(of: x))
    }
    return Predictor(
      general: general, special: special, own: residuals.weights(penalty: Self.penalties.operator))
  }

  private static func logarithm(_ milliseconds: Double) -> Double {
    Foundation.log(max(milliseconds, leastMilliseconds))
  }

  /// Coefficients.
  public struct Predictor: Sendable {
    fileprivate let general: [Double]
    fileprivate let special: [KernelAlgorithm: [Double]]
    fileprivate let own: [Double]?

    fileprivate static let ownCount = ScheduleFeatures.count + KernelAlgorithm.allCases.count

    /// The features, then a 1 for the algorithm among zeros.
    fileprivate static func ownFeatures(_ features: ScheduleFeatures) -> [Double] {
      features.values + KernelAlgorithm.allCases.map { $0 == features.algorithm ? 1 : 0 }
    }

    /// The predicted latency in milliseconds.
    public func milliseconds(_ features: ScheduleFeatures) -> Double { exp(logarithm(of: features)) }

    fileprivate func logarithm(of features: ScheduleFeatures) -> Double {
      var sum = Self.product(general, features.values)
      if let special = special[features.algorithm] { sum += Self.product(special, features.values) }
      if let own { sum += Self.product(own, Self.ownFeatures(features)) }
      return sum
    }

    private static func product(_ a: [Double], _ b: [Double]) -> Double {
      zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }
  }
}
