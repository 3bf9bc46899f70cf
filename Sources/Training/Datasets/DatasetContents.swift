/// What a data set holds, known before its images are read.
public struct DatasetContents: Hashable, Sendable {
  /// Channels of an image.
  public var channels: Int
  /// Rows of an image.
  public var height: Int
  /// Columns of an image.
  public var width: Int
  /// The names of the classes, in the order of the labels.
  public var classNames: [String]
  /// Images in the training part.
  public var trainImages: Int

  /// Creates a description.
  public init(channels: Int, height: Int, width: Int, classNames: [String], trainImages: Int) {
    self.channels = channels
    self.height = height
    self.width = width
    self.classNames = classNames
    self.trainImages = trainImages
  }

  /// Checks that a part that was read is of this data set.
  ///
  /// - Throws: ``DatasetError/mismatch(reason:)``.
  public func verify(_ images: ImageDataset, split: DatasetSplit) throws(DatasetError) {
    guard images.channels == channels, images.height == height, images.width == width,
      images.classes == classNames.count, split != .train || images.count == trainImages
    else {
      throw .mismatch(
        reason: "\(images.name) has \(images.count) images of "
          + "\(images.channels)×\(images.height)×\(images.width) in \(images.classes) classes, expected "
          + (split == .train ? "\(trainImages) " : "images ")
          + "of \(channels)×\(height)×\(width) in \(classNames.count)")
    }
  }
}

/// Names of classes that are their numbers.
func numberedClasses(_ count: Int) -> [String] { (0..<count).map(String.init) }
