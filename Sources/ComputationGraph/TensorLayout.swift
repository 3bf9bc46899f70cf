/// The order in which the elements of an image N, C, H, W lie in memory.
///
/// Channels lie in blocks: N, C / block, H, W, block. A block of one channel is NCHW, one of all channels NHWC.
public enum TensorLayout: String, Hashable, Codable, Sendable, CaseIterable {
  /// Plane after plane; the layout of everything that is no image, too.
  case nchw
  /// All channels of a pixel side by side.
  case nhwc
  /// Blocks of 16 channels side by side; the last block has room for 16 even if there are fewer.
  case nchw16

  /// The channels that lie side by side, of an image that has `channels`.
  public func blockChannels(of channels: Int) -> Int {
    switch self {
    case .nchw: 1
    case .nhwc: channels
    case .nchw16: 16
    }
  }

  /// The elements that an image of this shape has room for; nil if their number overflows.
  ///
  /// - Precondition: the shape has four dimensions unless the layout is NCHW.
  public func storedElementCount(of shape: TensorShape) -> Int? {
    guard let count = shape.checkedElementCount else { return nil }
    guard self == .nchw16, count > 0 else { return count }
    let perChannel = count / shape[1]
    let (stored, overflow) = perChannel.multipliedReportingOverflow(by: (shape[1] + 15) / 16 * 16)
    return overflow ? nil : stored
  }
}
