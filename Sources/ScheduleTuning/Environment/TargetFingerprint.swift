import Kernels

/// What a latency belongs to: figures of different targets are never compared or mixed.
public struct TargetFingerprint: Codable, Hashable, Sendable {
  /// The processor's name.
  public let cpu: String
  /// The widest vector extension that the kernels use: `avx512`, `avx2`, `sse2`, `neon` or `portable`.
  public let vectorExtension: String
  /// Version and core of the BLAS: `OpenBLAS 0.3.21 SkylakeX`. The core is part of it because the same library is
  /// several times slower with another one.
  public let blas: String
  /// Threads.
  public let threads: Int

  /// Creates a fingerprint.
  public init(cpu: String, vectorExtension: String, blas: String, threads: Int) {
    self.cpu = cpu
    self.vectorExtension = vectorExtension
    self.blas = blas
    self.threads = threads
  }

  /// This machine, with a number of threads.
  public static func current(threads: Int) -> TargetFingerprint {
    TargetFingerprint(
      cpu: Processor.name, vectorExtension: KernelBuild.vectorExtension,
      blas: "\(BLAS.version) \(BLAS.coreName)",
      threads: threads)
  }

  /// Equal for equal targets, different for different ones.
  public var key: String { "cpu=\(cpu);vector=\(vectorExtension);blas=\(blas);threads=\(threads)" }
}
