import CMicrokernels
import Kernels

/// How convolutions are computed in training.
public enum ConvolutionAlgorithm: String, Hashable, Codable, Sendable, CaseIterable {
  /// Register-blocked vector kernels on the images of a chunk.
  case microkernels
  /// Copies of the input's windows and matrix products of the BLAS.
  case blas

  /// The faster one on this processor: the kernels where they use wide vectors, else the BLAS.
  public static var preferred: ConvolutionAlgorithm {
    InstructionSet.best == .portable ? .blas : .microkernels
  }

  /// Runs `body` while the BLAS, if it is used, starts no threads below our workers.
  func limitingBLASThreads<Result>(_ body: () -> Result) -> Result {
    self == .blas ? BLAS.onOneThread(body) : body()
  }
}

/// The vector instructions that the training kernels are built for.
public enum InstructionSet: String, Hashable, Codable, Sendable, CaseIterable {
  case portable, avx2, avx512

  /// Whether this processor and build have it.
  public var isAvailable: Bool { tk_table_for(code) != nil }

  /// The best that is available.
  public static var best: InstructionSet { allCases.last { $0.isAvailable } ?? .portable }

  var code: Int32 {
    switch self {
    case .portable: Int32(TK_PORTABLE)
    case .avx2: Int32(TK_AVX2)
    case .avx512: Int32(TK_AVX512)
    }
  }
}

/// The functions of one instruction set.
struct KernelTable: @unchecked Sendable {
  // Unchecked because of the pointer: it leads to a constant.
  let table: UnsafePointer<tk_table>

  /// - Precondition: the instruction set is available.
  init(_ set: InstructionSet) {
    guard let table = tk_table_for(set.code) else { preconditionFailure("no \(set) on this processor") }
    self.table = table
  }
}
