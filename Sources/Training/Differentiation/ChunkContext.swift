import CMicrokernels

/// Everything that the nodes of a tape read and write while one chunk of images passes.
///
/// One worker thread owns a context at a time. Parameters, running statistics and packed weights are shared and
/// only read; gradients and batch statistics belong to the chunk.
struct ChunkContext {
  /// The vector kernels.
  let kernels: UnsafePointer<tk_table>
  /// The arena of activations and their gradients.
  let arena: UnsafeMutablePointer<Float>
  /// The offset in the arena of each storage's activation, then of its gradient.
  let valueOffsets: UnsafePointer<Int>
  let gradientOffsets: UnsafePointer<Int>
  /// Memory whose contents no node relies on later.
  let scratch: UnsafeMutablePointer<Float>
  /// Trainable parameters (``ParameterLayout``).
  let parameters: UnsafePointer<Float>
  /// Running means and variances.
  let runningStatistics: UnsafePointer<Float>
  /// Weights in the kernels' own layouts.
  let packedWeights: UnsafePointer<Float>
  /// The sums over this chunk of the parameters' gradients.
  var parameterGradients: UnsafeMutablePointer<Float>
  /// This chunk's means and variances, laid out as the running ones.
  var batchStatistics: UnsafeMutablePointer<Float>

  /// The first float of a value.
  func values(_ value: ActivationValue) -> UnsafeMutablePointer<Float> { arena + valueOffsets[value.storage] }

  /// The first float of a value's gradient.
  func gradient(_ value: ActivationValue) -> UnsafeMutablePointer<Float> {
    arena + gradientOffsets[value.storage]
  }
}

/// Which statistics batch norms use.
enum NormalizationMode: Sendable {
  /// Those of the chunk, which are recorded.
  case batch
  /// The running ones.
  case running
}
