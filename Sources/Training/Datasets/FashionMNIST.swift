import Foundation

/// Which of a data set's two published parts.
public enum DatasetSplit: String, Hashable, Codable, Sendable, CaseIterable {
  /// The images to train and validate on.
  case train
  /// The images that a finished network is tested on, once.
  case test
}

/// Fashion-MNIST: 60,000 + 10,000 grey images of 28×28 in 10 classes (Xiao et al., arXiv 1708.07747).
public enum FashionMNIST {
  /// The number of classes.
  public static let classes = 10

  /// The published names of the classes.
  public static let classNames = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
  ]

  /// Reads one part; see ``MNISTFamily/load(from:split:)``.
  public static func load(from directory: URL, split: DatasetSplit) throws(DatasetError) -> ImageDataset {
    try MNISTFamily.fashion.load(from: directory, split: split)
  }

  /// The folder that holds the data set; see ``MNISTFamily/locate(explicit:environment:)``.
  public static func locate(
    explicit: URL? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(DatasetError) -> URL {
    try MNISTFamily.fashion.locate(explicit: explicit, environment: environment)
  }
}
