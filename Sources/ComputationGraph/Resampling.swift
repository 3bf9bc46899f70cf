/// How images are scaled to another size, as ONNX `Resize` defines it.
public struct Resampling: Hashable, Sendable {
  /// What becomes of the elements around a position.
  public enum Mode: Hashable, Sendable {
    /// The element at the position, rounded.
    case nearest(Rounding)
    /// The four elements around the position, weighted by their distance along each axis.
    case linear
  }

  /// How a position between two elements becomes that of one.
  public enum Rounding: String, Hashable, Sendable, CaseIterable {
    /// Down.
    case floor
    /// Up.
    case ceiling = "ceil"
    /// To the nearer one, halves down.
    case halfDown = "round_prefer_floor"
    /// To the nearer one, halves up.
    case halfUp = "round_prefer_ceil"
  }

  /// Where an element of the result lies in the image.
  public enum Coordinates: String, Hashable, Sendable, CaseIterable {
    /// x / scale.
    case asymmetric
    /// (x + 1/2) / scale − 1/2: pixels are areas.
    case halfPixel = "half_pixel"
    /// The same, but 0 where the result has one element.
    case pytorchHalfPixel = "pytorch_half_pixel"
    /// x · (input − 1) / (output − 1): the corners of both images coincide.
    case alignCorners = "align_corners"
  }

  /// Nearest or linear.
  public var mode: Mode
  /// Where elements lie.
  public var coordinates: Coordinates
  /// Height and width of the result.
  public var size: Size2D
  /// Result rows for each row of the image; not always the ratio of the sizes, which are whole.
  public var rowScale: Float
  /// Result columns for each column of the image.
  public var columnScale: Float

  /// Creates a description.
  public init(mode: Mode, coordinates: Coordinates, size: Size2D, rowScale: Float, columnScale: Float) {
    self.mode = mode
    self.coordinates = coordinates
    self.size = size
    self.rowScale = rowScale
    self.columnScale = columnScale
  }

  /// The elements along one axis of the image that an element of the result is made of: `first` · (1 − weight) +
  /// `second` · weight. For nearest, both are the same.
  ///
  /// - Parameters:
  ///   - position: along the axis of the result, from 0 to `output` − 1.
  ///   - input: the extent of the image's axis.
  ///   - output: the extent of the result's axis.
  ///   - scale: ``rowScale`` or ``columnScale``.
  public func source(of position: Int, input: Int, output: Int, scale: Float) -> (
    first: Int, second: Int, weight: Float
  ) {
    let x = Float(position)
    let coordinate: Float =
      switch coordinates {
      case .asymmetric: x / scale
      case .halfPixel: (x + 0.5) / scale - 0.5
      case .pytorchHalfPixel: output > 1 ? (x + 0.5) / scale - 0.5 : 0
      case .alignCorners: output > 1 ? x * Float(input - 1) / Float(output - 1) : 0
      }
    let inside = min(max(coordinate, 0), Float(input - 1))
    switch mode {
    case .nearest(let rounding):
      let rounded: Float =
        switch rounding {
        case .floor: inside.rounded(.down)
        case .ceiling: inside.rounded(.up)
        case .halfDown: (inside - 0.5).rounded(.up)
        case .halfUp: (inside + 0.5).rounded(.down)
        }
      let index = min(Int(rounded), input - 1)
      return (index, index, 0)
    case .linear:
      let first = min(Int(inside), input - 1)
      return (first, min(first + 1, input - 1), inside - Float(first))
    }
  }
}
