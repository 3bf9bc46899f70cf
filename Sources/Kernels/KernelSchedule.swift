import ComputationGraph

/// How an operator is computed.
public enum KernelAlgorithm: String, Hashable, Codable, Sendable, CaseIterable {
  /// Convolution as a matrix product over a panel into which the input's windows are gathered, a bounded number of
  /// output rows at a time. Works for every convolution; the panel is its workspace.
  case im2colGEMM
  /// A 1×1 convolution with stride 1 and no padding as one matrix product straight on the input. No workspace.
  case gemm1x1
  /// A convolution whose groups have one input channel each, tap by tap. No workspace.
  case depthwiseDirect
  /// A fully connected layer as one matrix product. No workspace.
  case gemm
  /// Plain loops over the elements: pools, sums, batch norm, ReLU, concatenation. No workspace.
  case direct
  /// The same bytes under another shape: no work where the plan lets both share a storage, else one copy.
  case view
}

/// The kernel schedule of one operator: the algorithm and its tile. A fast algorithm often needs the large
/// workspace, and workspace lives in the arena, so this is where latency and memory meet.
///
///     let schedule = KernelSchedule.choose(for: id, in: graph, rowTile: 4)
///     let bytes = schedule.workspaceBytes(for: id, in: graph)
public struct KernelSchedule: Hashable, Codable, Sendable {
  /// How the operator is computed.
  public var algorithm: KernelAlgorithm
  /// Output rows gathered into one panel of `im2colGEMM`; nil for the whole image, and for every other algorithm.
  public var rowTile: Int?

  /// Creates a kernel schedule.
  public init(algorithm: KernelAlgorithm, rowTile: Int? = nil) {
    self.algorithm = algorithm
    self.rowTile = rowTile
  }

  /// A short name for tables: the algorithm, with the row tile where there is one (`im2colGEMM/4`).
  public var description: String { rowTile.map { "\(algorithm.rawValue)/\($0)" } ?? algorithm.rawValue }
}

extension KernelSchedule: CustomStringConvertible {}
