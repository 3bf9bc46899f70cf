import COpenBLAS

/// The matrix products of OpenBLAS: the only place in Tandem that calls the library.
///
/// Matrices are row-major, of float32 if not said otherwise; `lda`, `ldb` and `ldc` are the distances between their rows in
/// elements. OpenBLAS packs operands into buffers of its own, which it allocates once per thread at the first product
/// and which no memory plan counts.
public enum BLAS {
  /// The kernel set that OpenBLAS picked for this processor, or that `OPENBLAS_CORETYPE` forced: `SkylakeX`,
  /// `Haswell`, `ARMV8`… Latencies measured with different cores must not be compared.
  public static var coreName: String { openblas_get_corename().map { String(cString: $0) } ?? "unknown" }

  /// OpenBLAS's own description of its build: version, options, core and the largest number of threads.
  public static var configuration: String { openblas_get_config().map { String(cString: $0) } ?? "unknown" }

  /// The version, the first words of ``configuration``: `OpenBLAS 0.3.21`.
  public static var version: String { configuration.split(separator: " ").prefix(2).joined(separator: " ") }

  /// The number of threads that a product may use now.
  public static var threads: Int { Int(openblas_get_num_threads()) }

  /// Sets the number of threads of every later product in this process.
  ///
  /// - Precondition: `count` is positive.
  public static func setThreads(_ count: Int) {
    precondition(count > 0, "a product needs at least one thread")
    if threads != count { openblas_set_num_threads(Int32(clamping: count)) }
  }

  /// Runs `body` while products use one thread, and sets back what was.
  public static func onOneThread<Result>(_ body: () -> Result) -> Result {
    let previous = threads
    setThreads(1)
    defer { setThreads(previous) }
    return body()
  }

  /// C [m, n] = alpha · A [m, k] · B [k, n] + beta · C, with A or B read transposed where asked: A is then stored
  /// as [k, m] and B as [n, k].
  ///
  /// With `beta` 0 the old contents of `c` are not read. `c` must not overlap `a` or `b`.
  ///
  /// - Precondition: every extent and row distance is positive and fits 31 bits.
  /// - Complexity: m · n · k multiply–accumulates.
  public static func sgemm(
    transposeA: Bool = false, transposeB: Bool = false, m: Int, n: Int, k: Int, alpha: Float = 1,
    a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Float>, ldb: Int, beta: Float = 0,
    c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      blasint(m), blasint(n), blasint(k), alpha, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
  }

  /// C [m, n] = A [m, k] · B [k, n] in float64 without gaps between rows, with A read transposed where asked: it is then
  /// stored as [k, m].
  ///
  /// - Precondition: the arrays have so many elements, and every extent is positive and fits 31 bits.
  /// - Complexity: m · n · k multiply–accumulates.
  package static func multiply(
    _ a: [Double], _ b: [Double], transposeA: Bool = false, m: Int, n: Int, k: Int, into c: inout [Double]
  ) {
    precondition(
      a.count == m * k && b.count == k * n && c.count == m * n, "the extents do not fit the matrices")
    cblas_dgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, CblasNoTrans, blasint(m), blasint(n), blasint(k),
      1, a, blasint(transposeA ? m : k), b, blasint(n), 0, &c, blasint(n))
  }
}
