import ComputationGraph

/// How an operator is computed.
public enum KernelAlgorithm: String, Hashable, Codable, Sendable, CaseIterable {
  /// Convolution as a matrix product over a panel into which the input's windows are gathered, a bounded number of
  /// output rows at a time. Works for every convolution; the panel is its workspace.
  case im2colGEMM
  /// Winograd's minimal filtering with 2×2 outputs a tile: a 3×3 convolution of stride 1 with 2.25 times fewer products.
  /// A bounded number of rows of tiles at a time is its workspace; its weights are transformed, 16/9 of their size.
  case winograd2x2
  /// The same with 4×4 outputs a tile: 4 times fewer products, transformed weights of 4 times the size, and errors of
  /// rounding some times larger.
  case winograd4x4
  /// `winograd2x2` with products by BLAS.
  case winograd2x2GEMM
  /// `winograd4x4` with products by BLAS.
  case winograd4x4GEMM
  /// Sums of many output channels and pixels in vector registers, the input read where it lies: no workspace. Stride 1.
  case directInPlace
  /// The same from a padded copy of the input rows that a bounded number of output rows need; its workspace.
  case directPanel
  /// A 1×1 convolution with stride 1 and no padding as matrix products straight on the input, a bounded number of rows
  /// at a time. No workspace.
  case gemm1x1
  /// A convolution whose groups have one input channel each, tap by tap. No workspace.
  case depthwiseDirect
  /// A convolution of one group, from any layout into one other than NCHW: output channels in vector registers. No
  /// workspace.
  case directBlocked
  /// A depthwise convolution in another layout than NCHW. No workspace.
  case depthwiseBlocked
  /// A fully connected layer or matrix product by BLAS. No workspace.
  case gemm
  /// A fully connected layer as dot products in vector registers, one image at a time. No workspace.
  case dotProducts
  /// Plain loops over the elements: pools, sums, batch norm, functions, copies in another order. No workspace.
  case direct
  /// The same bytes under another shape: no work where the plan lets both share a storage, else one copy.
  case view
}

/// What lies side by side in a vector register of direct convolution.
public enum VectorLanes: String, Hashable, Codable, Sendable, CaseIterable {
  /// Pixels of one channel: full on large images, whatever the number of channels.
  case pixels
  /// Output channels of one pixel: full on small images and at any stride; weights are stored for a multiple of 16 channels.
  case channels
}

/// The kernel schedule of one operator: the algorithm, its tiles and its threads. A fast algorithm often needs the large
/// workspace, and workspace lives in the arena, so this is where latency and memory meet.
///
///     let schedule = KernelSchedule.choose(for: id, in: graph, rowTile: 4)
///     let bytes = schedule.workspaceBytes(for: id, in: graph)
public struct KernelSchedule: Hashable, Sendable {
  /// How the operator is computed.
  public var algorithm: KernelAlgorithm
  /// Output rows that are worked on at once by `im2colGEMM`, `gemm1x1` and `directPanel`, rows of tiles by the Winograd
  /// ones; nil for the whole image, and for every other algorithm.
  public var rowTile: Int?
  /// Groups of 16 output channels that the Winograd algorithms keep in their workspace at once; nil for
  /// ``standardChannelTile``, and for every other algorithm.
  public var channelTile: Int?
  /// What lies side by side in the vectors of `directInPlace`; nil leaves it to the kernel's own estimate, and is all that
  /// other algorithms have.
  public var lanes: VectorLanes?
  /// Vectors that one micro-kernel of `directInPlace` or `directPanel` works on at once, the unrolling of its innermost
  /// loop: 1 to 4. nil leaves it to the kernel's own estimate, and is all that other algorithms have.
  public var unroll: Int?
  /// The threads that share the work, each with a workspace of its own where the algorithm needs one.
  public var threads: Int

  /// The channel tile that nil stands for: more take more memory and hardly less time.
  public static let standardChannelTile = 2

  /// Creates a kernel schedule.
  public init(
    algorithm: KernelAlgorithm, rowTile: Int? = nil, channelTile: Int? = nil, lanes: VectorLanes? = nil,
    unroll: Int? = nil, threads: Int = 1
  ) {
    self.algorithm = algorithm
    self.rowTile = rowTile
    self.channelTile = channelTile
    self.lanes = lanes
    self.unroll = unroll
    self.threads = threads
  }

  /// A short name for tables: the algorithm, then row tile, channel tile, lanes, unrolling and threads where they are not the
  /// standard: `im2colGEMM/4`, `winograd4x4/2 c4 t2`, `directInPlace channels u2`.
  public var description: String {
    algorithm.rawValue + (rowTile.map { "/\($0)" } ?? "") + (channelTile.map { " c\($0)" } ?? "")
      + (lanes.map { " \($0.rawValue)" } ?? "") + (unroll.map { " u\($0)" } ?? "")
      + (threads > 1 ? " t\(threads)" : "")
  }
}

extension KernelSchedule: CustomStringConvertible {}
