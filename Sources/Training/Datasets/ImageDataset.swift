/// Labelled images of one size, as bytes.
///
/// Pixels stay bytes until a batch is made of them, so that a data set of 60,000 images of 28×28 takes 47 MB.
public struct ImageDataset: Sendable, Hashable {
  /// A name for people and records.
  public let name: String
  /// Channels of an image.
  public let channels: Int
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// The number of classes; labels are 0 ..< classes.
  public let classes: Int
  /// All pixels, as [image][channel][row][column].
  public let images: [UInt8]
  /// The class of each image.
  public let labels: [UInt8]

  /// The number of images.
  public var count: Int { labels.count }

  /// Bytes of one image.
  public var imageSize: Int { channels * height * width }

  /// Creates a data set.
  ///
  /// - Throws: ``DatasetError/mismatch(reason:)`` if sizes do not agree or are not positive,
  ///   ``DatasetError/labelOutOfRange(path:index:label:classes:)`` for a label without a class.
  public init(
    name: String, channels: Int, height: Int, width: Int, classes: Int, images: [UInt8], labels: [UInt8]
  ) throws(DatasetError) {
    guard channels > 0, height > 0, width > 0, (1...256).contains(classes) else {
      throw .mismatch(reason: "\(name): an image of \(channels)×\(height)×\(width) with \(classes) classes")
    }
    let (plane, planeOverflows) = height.multipliedReportingOverflow(by: width)
    let (size, sizeOverflows) = plane.multipliedReportingOverflow(by: channels)
    let (total, totalOverflows) = size.multipliedReportingOverflow(by: labels.count)
    guard !planeOverflows, !sizeOverflows, !totalOverflows, images.count == total else {
      throw .mismatch(
        reason:
          "\(name): \(images.count) bytes of pixels for \(labels.count) labels of \(channels)×\(height)×\(width)"
      )
    }
    if let index = labels.firstIndex(where: { Int($0) >= classes }) {
      throw .labelOutOfRange(path: name, index: index, label: Int(labels[index]), classes: classes)
    }
    self.name = name
    self.channels = channels
    self.height = height
    self.width = width
    self.classes = classes
    self.images = images
    self.labels = labels
  }

  /// The images at `indices`, in that order.
  ///
  /// - Precondition: every index is in range.
  public func subset(_ indices: [Int], name: String? = nil) -> ImageDataset {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(indices.count * imageSize)
    for index in indices { pixels += images[index * imageSize..<(index + 1) * imageSize] }
    return ImageDataset(
      parent: self, name: name ?? self.name, images: pixels, labels: indices.map { labels[$0] })
  }

  /// A data set of the same kind of images, which its parent has verified.
  private init(parent: ImageDataset, name: String, images: [UInt8], labels: [UInt8]) {
    self.name = name
    channels = parent.channels
    height = parent.height
    width = parent.width
    classes = parent.classes
    self.images = images
    self.labels = labels
  }
}
