/// Least, middle and largest of some numbers.
package struct Spread {
  package let minimum: Double
  package let median: Double
  package let maximum: Double

  /// Nil for no numbers.
  package init?(_ values: [Double]) {
    guard let least = values.min(), let most = values.max() else { return nil }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    minimum = least
    median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    maximum = most
  }
}

/// The mean of ratios: the root of their product.
///
/// - Precondition: there is at least one, and all are positive.
package func geometricMean(_ ratios: [Double]) -> Double {
  precondition(!ratios.isEmpty && ratios.allSatisfy { $0 > 0 }, "a geometric mean needs positive ratios")
  return exp(ratios.reduce(0) { $0 + log($1) } / Double(ratios.count))
}

#if canImport(Glibc)
  import Glibc
#else
  import Foundation
#endif
