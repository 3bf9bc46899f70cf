import CMicrokernels

/// How the loops written in C were built, and which of their variants this processor runs.
public enum KernelBuild {
  /// The widest vector extension that the loops use here: `avx512`, `avx2`, `sse2`, `neon` or `portable`. BLAS
  /// chooses for itself (``BLAS/coreName``).
  public static var vectorExtension: String { String(cString: inference_vector_extension()) }

  /// The C compiler and its version.
  public static var compiler: String { String(cString: inference_compiler()) }
}
