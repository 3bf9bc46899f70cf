import Foundation

/// The two things that proxies need of small symmetric matrices, in double precision.
enum SymmetricMatrix {
  /// log |det|, by Gaussian elimination with partial pivoting; nil if the matrix is singular.
  ///
  /// - Complexity: O(n³).
  static func logAbsoluteDeterminant(_ matrix: [[Double]]) -> Double? {
    var rows = matrix
    let size = rows.count
    var total = 0.0
    for column in 0..<size {
      guard
        let pivot = (column..<size).max(by: { abs(rows[$0][column]) < abs(rows[$1][column]) }),
        rows[pivot][column] != 0
      else { return nil }
      rows.swapAt(pivot, column)
      total += log(abs(rows[column][column]))
      for row in column + 1..<size {
        let factor = rows[row][column] / rows[column][column]
        for index in column..<size { rows[row][index] -= factor * rows[column][index] }
      }
    }
    return total
  }

  /// The eigenvalues, ascending, by cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations, 8.5).
  ///
  /// - Complexity: O(n³) per sweep, of which there are seldom ten.
  static func eigenvalues(_ matrix: [[Double]]) -> [Double] {
    var a = matrix
    let size = a.count
    let scale = a.joined().reduce(0) { $0 + $1 * $1 }
    for _ in 0..<60 {
      var rest = 0.0
      for p in 0..<size { for q in 0..<p { rest += a[p][q] * a[p][q] } }
      if rest <= 1e-28 * scale { break }
      for p in 0..<size {
        for q in p + 1..<max(size, p + 1) where a[p][q] != 0 { rotate(&a, p, q) }
      }
    }
    return (0..<size).map { a[$0][$0] }.sorted()
  }

  /// Makes the element at (p, q) zero.
  private static func rotate(_ a: inout [[Double]], _ p: Int, _ q: Int) {
    let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
    let t = (theta >= 0 ? 1 : -1) / (abs(theta) + (theta * theta + 1).squareRoot())
    let c = 1 / (t * t + 1).squareRoot()
    let s = t * c
    for k in a.indices {
      let (x, y) = (a[k][p], a[k][q])
      (a[k][p], a[k][q]) = (c * x - s * y, s * x + c * y)
    }
    for k in a.indices {
      let (x, y) = (a[p][k], a[q][k])
      (a[p][k], a[q][k]) = (c * x - s * y, s * x + c * y)
    }
  }
}
