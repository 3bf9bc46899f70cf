import Foundations
import Kernels
import Testing

struct BLASTests {
  @Test func productsEqualPlainLoops() {
    var generator = SeededGenerator(seed: 41)
    for _ in 0..<60 {
      let (m, n, k) = (
        Int.random(in: 1...20, using: &generator), Int.random(in: 1...40, using: &generator),
        Int.random(in: 1...30, using: &generator)
      )
      let (transposeA, transposeB) = (Bool.random(using: &generator), Bool.random(using: &generator))
      let lda = (transposeA ? m : k) + 3
      let ldb = (transposeB ? k : n) + 1
      let ldc = n + 2
      let a = randomValues((transposeA ? k : m) * lda, &generator)
      let b = randomValues((transposeB ? n : k) * ldb, &generator)
      let start = randomValues(m * ldc, &generator)
      var c = start
      c.withUnsafeMutableBufferPointer { result in
        BLAS.sgemm(
          transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: 2, a: a, lda: lda, b: b,
          ldb: ldb,
          beta: 0.5, c: result.baseAddress!, ldc: ldc)
      }
      for row in 0..<m {
        for column in 0..<ldc {
          let index = row * ldc + column
          guard column < n else {
            #expect(c[index] == start[index])
            continue
          }
          var sum: Float = 0
          for i in 0..<k {
            sum +=
              a[transposeA ? i * lda + row : row * lda + i]
              * b[transposeB ? column * ldb + i : i * ldb + column]
          }
          #expect(abs(c[index] - (2 * sum + 0.5 * start[index])) < 1e-4)
        }
      }
    }
  }

  @Test func describesItself() {
    #expect(!BLAS.coreName.isEmpty && BLAS.coreName != "unknown")
    #expect(BLAS.version.hasPrefix("OpenBLAS "))
    #expect(BLAS.configuration.contains(BLAS.version))
  }
}
