/// One step of a ``TrainingTape``: an operator, or several fused ones, with its gradient.
protocol TapeNode: Sendable {
  /// Values that the forward pass reads.
  var reads: [ActivationValue] { get }
  /// Values that the forward pass writes.
  var writes: [ActivationValue] { get }
  /// Values, read or written, that the backward pass needs again.
  var keeps: [ActivationValue] { get }
  /// Values read that a result of the same size may replace where they are, because each element of the result depends on
  /// the elements of the same channel alone, and those are read before.
  var replaceable: [ActivationValue] { get }
  /// Floats of scratch memory.
  var scratchCount: Int { get }

  /// Decides where the gradients of ``reads`` go: called once per node, from the last to the first.
  mutating func bindGradients(_ plan: inout GradientPlan)
  /// Computes ``writes``.
  func forward(_ chunk: ChunkContext, mode: NormalizationMode)
  /// Computes the gradients of ``reads`` and of parameters from those of ``writes``.
  func backward(_ chunk: ChunkContext)
  /// Brings weights into the kernels' layouts, once per step.
  func pack(parameters: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>)
}

extension TapeNode {
  var replaceable: [ActivationValue] { [] }
  var scratchCount: Int { 0 }
  func pack(parameters: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>) {}
}

/// Which values need a gradient, and which have received a contribution already.
struct GradientPlan {
  /// Whether anything trainable lies upstream, by storage.
  let required: [Bool]
  private(set) var contributed: [Bool]

  init(required: [Bool]) {
    self.required = required
    contributed = [Bool](repeating: false, count: required.count)
  }

  /// Announces a contribution to the gradient of `value`; nil if nobody wants it.
  mutating func target(_ value: ActivationValue) -> GradientTarget? {
    guard required[value.storage] else { return nil }
    let accumulates = contributed[value.storage]
    contributed[value.storage] = true
    return GradientTarget(value: value, accumulates: accumulates)
  }
}
