import CMicrokernels

/// An activation (or its gradient) of one chunk of images: [channels][rows][columns][images].
struct ActivationValue: Hashable, Sendable {
  /// Which storage of the tape holds it; views of the same bytes share one.
  let storage: Int
  let channels: Int
  let rows: Int
  let columns: Int

  /// Images of a chunk.
  static let lanes = Int(TK_LANES)

  /// Pixels of one channel.
  var pixels: Int { rows * columns }
  /// Floats of one channel.
  var plane: Int { pixels * Self.lanes }
  /// Floats in all.
  var count: Int { channels * plane }
}

/// Where a gradient goes.
struct GradientTarget: Sendable {
  /// The value whose gradient it is.
  let value: ActivationValue
  /// Whether another reader of the value has contributed before; otherwise the old contents mean nothing.
  let accumulates: Bool
}
