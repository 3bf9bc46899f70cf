import Foundations

/// Sums from which a ridge regression is solved; observations can be added at any time.
///
/// The weights minimise Σ (w · x − y)² + penalty · |w|².
struct RidgeRegression {
  /// The length of x.
  let count: Int
  /// Observations so far.
  private(set) var observations = 0.0
  // Σ x xᵀ, row after row.
  private var products: [Double]
  // Σ x y.
  private var targets: [Double]

  init(count: Int) {
    self.count = count
    products = [Double](repeating: 0, count: count * count)
    targets = [Double](repeating: 0, count: count)
  }

  /// Adds one observation. - Complexity: O(count²).
  mutating func add(_ x: [Double], _ y: Double) {
    precondition(x.count == count, "\(x.count) features for a regression of \(count)")
    observations += 1
    for row in 0..<count where x[row] != 0 {
      for column in 0..<count { products[row * count + column] += x[row] * x[column] }
      targets[row] += x[row] * y
    }
  }

  /// The sums of two sets of observations.
  static func + (a: RidgeRegression, b: RidgeRegression) -> RidgeRegression {
    precondition(a.count == b.count, "regressions of different features")
    var sum = a
    sum.observations += b.observations
    for index in sum.products.indices { sum.products[index] += b.products[index] }
    for index in sum.targets.indices { sum.targets[index] += b.targets[index] }
    return sum
  }

  /// The same observations with what `weights` predict taken off y: a regression of the residuals.
  func residuals(of weights: [Double]) -> RidgeRegression {
    var result = self
    for row in 0..<count {
      var predicted = 0.0
      for column in 0..<count { predicted += products[row * count + column] * weights[column] }
      result.targets[row] -= predicted
    }
    return result
  }

  /// The weights, by a Cholesky factorisation. - Precondition: `penalty` is positive. - Complexity: O(count³).
  func weights(penalty: Double) -> [Double] {
    precondition(penalty > 0, "without a penalty there may be no solution")
    var matrix = products
    for index in 0..<count { matrix[index * count + index] += penalty }
    // Rounding may leave a pivot of 0 where the penalty is tiny beside the products.
    return CholeskyFactor(of: matrix, size: count, leastPivot: penalty * 1e-9).solve(targets)
  }
}
