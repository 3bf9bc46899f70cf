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

  /// Reads one part from a folder that holds the published files, compressed (`.gz`) or not.
  ///
  /// - Throws: ``DatasetError`` naming the file that is missing, truncated or not what it should be.
  public static func load(from directory: URL, split: DatasetSplit) throws(DatasetError) -> ImageDataset {
    let imagesURL = file(in: directory, split: split, contents: "images-idx3-ubyte")
    let labelsURL = file(in: directory, split: split, contents: "labels-idx1-ubyte")
    let images = try IDXFile(contentsOf: imagesURL, dimensions: 3)
    let labels = try IDXFile(contentsOf: labelsURL, dimensions: 1)
    guard images.extents[1] > 0, images.extents[2] > 0 else {
      throw .invalidFile(
        path: imagesURL.path, reason: "images of \(images.extents[1])×\(images.extents[2]) pixels")
    }
    guard images.extents[0] == labels.extents[0] else {
      throw .mismatch(
        reason: "\(imagesURL.path) has \(images.extents[0]) images, but \(labelsURL.path) has "
          + "\(labels.extents[0]) labels")
    }
    if let index = labels.bytes.firstIndex(where: { $0 >= classes }) {
      throw .labelOutOfRange(
        path: labelsURL.path, index: index, label: Int(labels.bytes[index]), classes: classes)
    }
    return try ImageDataset(
      name: "fashion-mnist (\(split.rawValue))", channels: 1, height: images.extents[1],
      width: images.extents[2],
      classes: classes, images: images.bytes, labels: labels.bytes)
  }

  /// The folder that holds the data set: the first that has the training images.
  ///
  /// Searched are `explicit` alone if it is given; else `$TANDEM_DATA` and its sub-folder `fashion-mnist`,
  /// `data/fashion-mnist` in the current folder, and where Debian's package `dataset-fashion-mnist` puts it.
  ///
  /// - Throws: ``DatasetError/notFound(name:searched:)`` with all folders that were searched.
  public static func locate(
    explicit: URL? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(DatasetError) -> URL {
    let candidates = searchPath(explicit: explicit, environment: environment)
    for folder in candidates {
      let images = file(in: folder, split: .train, contents: "images-idx3-ubyte")
      if FileManager.default.fileExists(atPath: images.path) { return folder }
    }
    throw .notFound(name: "fashion-mnist", searched: candidates.map(\.path))
  }

  static func searchPath(explicit: URL?, environment: [String: String]) -> [URL] {
    if let explicit { return [explicit] }
    var result: [URL] = []
    if let folder = environment["TANDEM_DATA"], !folder.isEmpty {
      let url = URL(fileURLWithPath: folder)
      result += [url, url.appendingPathComponent("fashion-mnist")]
    }
    result.append(URL(fileURLWithPath: "data/fashion-mnist"))
    result.append(URL(fileURLWithPath: "/usr/share/datasets/fashion-mnist"))
    return result
  }

  /// The plain file where it exists, else the compressed one.
  private static func file(in directory: URL, split: DatasetSplit, contents: String) -> URL {
    let name = (split == .train ? "train-" : "t10k-") + contents
    let plain = directory.appendingPathComponent(name)
    if FileManager.default.fileExists(atPath: plain.path) { return plain }
    return directory.appendingPathComponent(name + ".gz")
  }
}
