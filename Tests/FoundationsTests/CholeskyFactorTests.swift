import Foundations
import Testing

@Suite struct CholeskyFactorTests {
  /// A solution satisfies its system.
  @Test(arguments: 0..<40)
  func solutionsSatisfyTheSystem(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let size = Int.random(in: 1...20, using: &generator)
    let columns = Int.random(in: 1...4, using: &generator)
    let half = (0..<size * size).map { _ in generator.nextNormal() }
    var matrix = [Double](repeating: 0, count: size * size)
    for row in 0..<size {
      for column in 0..<size {
        for index in 0..<size {
          matrix[row * size + column] += half[row * size + index] * half[column * size + index]
        }
      }
      matrix[row * size + row] += 0.1
    }
    let wanted = (0..<size * columns).map { _ in generator.nextNormal() }
    var lower = matrix
    // What is above the diagonal is not read.
    for row in 0..<size { for column in row + 1..<max(size, row + 1) { lower[row * size + column] = .nan } }
    let solution = CholeskyFactor(of: lower, size: size, leastPivot: 1e-12).solve(wanted, columns: columns)
    for row in 0..<size {
      for column in 0..<columns {
        var product = 0.0
        for index in 0..<size { product += matrix[row * size + index] * solution[index * columns + column] }
        #expect(abs(product - wanted[row * columns + column]) < 1e-8)
      }
    }
  }

  /// A singular matrix has a finite answer.
  @Test func smallPivotsAreReplaced() {
    let solution = CholeskyFactor(of: [1, 0, 1, 1], size: 2, leastPivot: 1e-6).solve([2, 2])
    #expect(solution.allSatisfy { $0.isFinite })
    #expect(abs(solution[0] + solution[1] - 2) < 1e-6)
  }
}
