import Foundation
import SearchSpaces
import Training

/// A data set by name, where its files are, and what it holds.
public struct DatasetReference: Hashable, Sendable {
  /// The data sets that there are.
  public enum Name: String, CaseIterable, Sendable {
    /// Fashion-MNIST (Xiao et al. 2017, arXiv 1708.07747): 60,000 + 10,000 grey images of 28 × 28, 10 classes.
    case fashionMNIST = "fashion-mnist"
    /// Handwritten digits (LeCun et al., doi 10.1109/5.726791): 60,000 + 10,000 grey images of 28 × 28, 10 classes.
    case mnist
    /// CIFAR-10 (Krizhevsky 2009), binary version: 50,000 + 10,000 colour images of 32 × 32, 10 classes.
    case cifar10 = "cifar-10"
    /// CIFAR-100 with its fine labels, binary version: 50,000 + 10,000 colour images of 32 × 32, 100 classes.
    case cifar100 = "cifar-100"
    /// One's own images in folders named after their classes; see ``ImageFolder``.
    case folder
    /// One's own images as NumPy arrays; see ``NumPyDataset``.
    case npy

    /// Whether it is a published data set, whose contents are known without its files.
    public var isPublished: Bool { publishedContents != nil }

    var publishedContents: DatasetContents? {
      switch self {
      case .fashionMNIST: MNISTFamily.fashion.contents
      case .mnist: MNISTFamily.digits.contents
      case .cifar10: CIFAR.ten.contents
      case .cifar100: CIFAR.hundred.contents
      case .folder, .npy: nil
      }
    }
  }

  /// Which data set.
  public let name: Name
  /// The folder of its files; nil to look in the usual places, which only published data sets have.
  public let directory: URL?
  /// What it holds.
  public let contents: DatasetContents

  /// Refers to a data set; one's own is looked at to know its contents: names, headers and the first image.
  ///
  /// - Parameter contents: what one's own data set is known to hold; it is then not looked at.
  /// - Throws: `DatasetError` naming the file, for one's own data set.
  public init(name: Name, directory: URL? = nil, contents: DatasetContents? = nil) throws(DatasetError) {
    self.name = name
    self.directory = directory
    if let known = name.publishedContents ?? contents {
      self.contents = known
      return
    }
    guard let directory else { throw .mismatch(reason: "the data set '\(name.rawValue)' needs a directory") }
    self.contents =
      name == .folder
      ? try ImageFolder.contents(of: directory) : try NumPyDataset.contents(of: directory)
  }

  /// What a network for this data set is fed.
  public var input: InputSpecification {
    InputSpecification(
      channels: contents.channels, height: contents.height, width: contents.width,
      classes: contents.classNames.count)
  }

  /// The number of images in the training set.
  public var trainImages: Int { contents.trainImages }

  /// The names of the classes, in the order of the labels.
  public var classNames: [String] { contents.classNames }

  /// Reads one part of the data set.
  ///
  /// - Throws: `DatasetError` for missing, truncated or wrong files, and for images of another size or number
  ///   than this data set has.
  public func load(_ split: DatasetSplit) throws(DatasetError) -> ImageDataset {
    let images: ImageDataset
    switch name {
    case .fashionMNIST, .mnist:
      let family: MNISTFamily = name == .mnist ? .digits : .fashion
      images = try family.load(from: family.locate(explicit: directory), split: split)
    case .cifar10, .cifar100:
      let version: CIFAR = name == .cifar10 ? .ten : .hundred
      images = try version.load(from: version.locate(explicit: directory), split: split)
    case .folder, .npy:
      guard let directory else {
        throw .mismatch(reason: "the data set '\(name.rawValue)' needs a directory")
      }
      images =
        name == .folder
        ? try ImageFolder.load(from: directory, split: split, contents: contents)
        : try NumPyDataset.load(from: directory, split: split, contents: contents)
    }
    try contents.verify(images, split: split)
    return images
  }
}
