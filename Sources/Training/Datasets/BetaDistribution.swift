import Foundation
import Foundations

extension SeededGenerator {
  /// A sample of Beta(α, α), in [0, 1].
  ///
  /// The ratio x / (x + y) of two samples of Gamma(α), by their logarithms, which a small α does not bring to zero.
  /// - Precondition: α is positive and finite.
  package mutating func nextSymmetricBeta(_ alpha: Double) -> Double {
    let first = nextLogGamma(alpha)
    let second = nextLogGamma(alpha)
    return 1 / (1 + exp(second - first))
  }

  /// The logarithm of a sample of Gamma(α, 1) (Marsaglia and Tsang, doi 10.1145/358407.358414; below 1 with the exponent
  /// of a uniform number, as they say).
  private mutating func nextLogGamma(_ alpha: Double) -> Double {
    let boost = alpha < 1 ? log(1 - Double.random(in: 0..<1, using: &self)) / alpha : 0
    let d = (alpha < 1 ? alpha + 1 : alpha) - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = nextNormal()
      let cube = (1 + c * x) * (1 + c * x) * (1 + c * x)
      let uniform = 1 - Double.random(in: 0..<1, using: &self)
      guard cube > 0 else { continue }
      if log(uniform) < 0.5 * x * x + d - d * cube + d * log(cube) { return log(d * cube) + boost }
    }
  }
}
