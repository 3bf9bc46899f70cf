/// What a network is fed and how many classes it tells apart: the data set's side of a lowering.
public struct InputSpecification: Hashable, Codable, Sendable {
  /// Channels of an image: 1 for grey, 3 for colour.
  public var channels: Int
  /// Rows of an image.
  public var height: Int
  /// Columns of an image.
  public var width: Int
  /// The number of classes.
  public var classes: Int

  /// Creates a specification.
  public init(channels: Int, height: Int, width: Int, classes: Int) {
    self.channels = channels
    self.height = height
    self.width = width
    self.classes = classes
  }
}
