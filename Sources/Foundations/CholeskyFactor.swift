/// The Cholesky factor of a symmetric positive definite matrix, to solve linear systems with.
public struct CholeskyFactor: Sendable {
  /// Rows of the matrix.
  public let size: Int
  /// Row after row; what is above the diagonal has no meaning.
  private var lower: [Double]

  /// Factorises a matrix.
  ///
  /// - Parameters:
  ///   - matrix: [size][size]; what is above the diagonal is not read.
  ///   - leastPivot: takes the place of smaller pivots, which rounding leaves where a matrix is next to singular.
  /// - Precondition: `matrix` has size² elements, and `leastPivot` is positive.
  /// - Complexity: size³ / 6 multiplications.
  public init(of matrix: [Double], size: Int, leastPivot: Double) {
    precondition(matrix.count == size * size && leastPivot > 0)
    self.size = size
    lower = matrix
    var line = [Double](repeating: 0, count: size)
    lower.withUnsafeMutableBufferPointer { lower in
      for column in 0..<size {
        let diagonal = max(lower[column * size + column], leastPivot).squareRoot()
        lower[column * size + column] = diagonal
        for row in column + 1..<max(size, column + 1) {
          line[row] = lower[row * size + column] / diagonal
          lower[row * size + column] = line[row]
          let factor = line[row]
          // Along a row, so that vectors apply.
          for index in column + 1...row { lower[row * size + index] -= factor * line[index] }
        }
      }
    }
  }

  /// The solutions x of A · x = y for several y at once: [size][columns] like `rightSides`.
  ///
  /// - Precondition: `rightSides` has size · columns elements.
  /// - Complexity: size² · columns multiplications.
  public func solve(_ rightSides: [Double], columns: Int = 1) -> [Double] {
    precondition(rightSides.count == size * columns)
    var solution = rightSides
    for row in 0..<size {
      for index in 0..<row {
        subtract(row: index, times: lower[row * size + index], from: row, &solution, columns)
      }
      for column in 0..<columns { solution[row * columns + column] /= lower[row * size + row] }
    }
    for row in (0..<size).reversed() {
      for index in row + 1..<max(size, row + 1) {
        subtract(row: index, times: lower[index * size + row], from: row, &solution, columns)
      }
      for column in 0..<columns { solution[row * columns + column] /= lower[row * size + row] }
    }
    return solution
  }

  @inline(__always)
  private func subtract(
    row source: Int, times factor: Double, from target: Int, _ solution: inout [Double], _ columns: Int
  ) {
    for column in 0..<columns {
      solution[target * columns + column] -= factor * solution[source * columns + column]
    }
  }
}
