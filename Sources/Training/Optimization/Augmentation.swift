extension TrainingConfiguration {
  /// Random changes to training images, applied to each image every time it is seen, in the order of the fields.
  public struct Augmentation: Hashable, Sendable {
    /// Whether half of the images are mirrored left to right.
    public var horizontalFlip: Bool
    /// The image is shifted by up to this many pixels in each direction; black pixels come in. 0 for none.
    public var cropPadding: Int
    /// The side in pixels of a square that is set to zero after the normalisation (DeVries and Taylor, arXiv 1708.04552):
    /// its centre is anywhere in the image, so that a part of it may lie outside. 0 for none.
    public var cutout: Int
    /// The parameter α of mixup (Zhang et al., arXiv 1710.09412): each batch draws a share from Beta(α, α) and every image
    /// is mixed, with its label, with another one of the batch. 0 for none.
    public var mixup: Double

    /// Creates an augmentation.
    public init(horizontalFlip: Bool, cropPadding: Int, cutout: Int = 0, mixup: Double = 0) {
      self.horizontalFlip = horizontalFlip
      self.cropPadding = cropPadding
      self.cutout = cutout
      self.mixup = mixup
    }

    /// Images as they are.
    public static let none = Augmentation(horizontalFlip: false, cropPadding: 0)
  }
}

extension TrainingConfiguration.Augmentation: Codable {
  private enum CodingKeys: String, CodingKey { case horizontalFlip, cropPadding, cutout, mixup }

  /// Decodes an augmentation; keys that files did not always have may be missing.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      horizontalFlip: try container.decode(Bool.self, forKey: .horizontalFlip),
      cropPadding: try container.decode(Int.self, forKey: .cropPadding),
      cutout: try container.decodeIfPresent(Int.self, forKey: .cutout) ?? 0,
      mixup: try container.decodeIfPresent(Double.self, forKey: .mixup) ?? 0)
  }
}
