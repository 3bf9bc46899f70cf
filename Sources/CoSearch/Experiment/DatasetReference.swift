import Foundation
import SearchSpaces
import Training

/// A data set by name, and where its files are.
public struct DatasetReference: Hashable, Sendable {
  /// The data sets that there are.
  public enum Name: String, CaseIterable, Sendable {
    /// Fashion-MNIST (Xiao et al. 2017, arXiv 1708.07747): 60,000 + 10,000 grey images of 28 × 28, 10 classes.
    case fashionMNIST = "fashion-mnist"
  }

  /// Which data set.
  public var name: Name
  /// The folder of its files; nil to look in the usual places.
  public var directory: URL?

  /// Creates a reference.
  public init(name: Name, directory: URL? = nil) {
    self.name = name
    self.directory = directory
  }

  /// What a network for this data set is fed, known without reading it.
  public var input: InputSpecification {
    switch name {
    case .fashionMNIST: InputSpecification(channels: 1, height: 28, width: 28, classes: 10)
    }
  }

  /// The number of images in the training set, known without reading it.
  public var trainImages: Int {
    switch name {
    case .fashionMNIST: 60_000
    }
  }

  /// Reads one part of the data set.
  ///
  /// - Throws: `DatasetError` for missing, truncated or wrong files, and for images of another size or number
  ///   than this data set has.
  public func load(_ split: DatasetSplit) throws(DatasetError) -> ImageDataset {
    let images: ImageDataset
    switch name {
    case .fashionMNIST:
      images = try FashionMNIST.load(from: FashionMNIST.locate(explicit: directory), split: split)
    }
    let found = InputSpecification(
      channels: images.channels, height: images.height, width: images.width, classes: images.classes)
    guard found == input, split != .train || images.count == trainImages else {
      throw .mismatch(
        reason: "\(images.name) has \(images.count) images of "
          + "\(found.channels)×\(found.height)×\(found.width); this is not the published data set")
    }
    return images
  }
}
