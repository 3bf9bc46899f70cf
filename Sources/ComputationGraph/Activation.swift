/// A function applied to every element after (or before) an operator, without a tensor of its own. What is not a number
/// stays so.
public enum Activation: String, Hashable, Codable, Sendable, CaseIterable {
  /// The value itself.
  case none
  /// max(x, 0).
  case relu
  /// min(max(x, 0), 6).
  case relu6
  /// x · min(max(x + 3, 0), 6) / 6.
  case hardSwish
  /// x / (1 + e^−x), also called swish.
  case silu
}
