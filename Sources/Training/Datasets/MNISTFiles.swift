import Foundation

/// The data sets that come in the four files of MNIST.
public enum MNISTFamily: String, Hashable, Sendable, CaseIterable {
  /// Handwritten digits (LeCun et al., doi 10.1109/5.726791).
  case digits = "mnist"
  /// Fashion-MNIST (Xiao et al., arXiv 1708.07747).
  case fashion = "fashion-mnist"

  /// The contents: 60,000 training images of 28×28 in 10 classes.
  public var contents: DatasetContents {
    DatasetContents(
      channels: 1, height: 28, width: 28,
      classNames: self == .digits ? numberedClasses(FashionMNIST.classes) : FashionMNIST.classNames,
      trainImages: 60_000)
  }

  /// Reads one part from a folder that holds the published files, compressed (`.gz`) or not.
  ///
  /// - Throws: ``DatasetError`` naming the file that is missing, truncated or not what it should be.
  public func load(from directory: URL, split: DatasetSplit) throws(DatasetError) -> ImageDataset {
    let imagesURL = Self.file(in: directory, split: split, contents: "images-idx3-ubyte")
    let labelsURL = Self.file(in: directory, split: split, contents: "labels-idx1-ubyte")
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
    let classes = FashionMNIST.classes
    if let index = labels.bytes.firstIndex(where: { $0 >= classes }) {
      throw .labelOutOfRange(
        path: labelsURL.path, index: index, label: Int(labels.bytes[index]), classes: classes)
    }
    return try ImageDataset(
      name: "\(rawValue) (\(split.rawValue))", channels: 1, height: images.extents[1],
      width: images.extents[2], classes: classes, images: images.bytes, labels: labels.bytes)
  }

  /// The folder that holds the data set: the first that has the training images.
  ///
  /// Searched are `explicit` alone if it is given; else `$TANDEM_DATA` (Fashion-MNIST only, because the files of both have
  /// the same names) and its sub-folder of the data set's name, that folder in `data` in the current folder, and where
  /// Debian's packages put data sets.
  ///
  /// - Throws: ``DatasetError/notFound(name:searched:)`` with all folders that were searched.
  public func locate(
    explicit: URL? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(DatasetError) -> URL {
    let candidates =
      explicit.map { [$0] }
      ?? DatasetFolders.usual(name: rawValue, environment: environment, takesRoot: self == .fashion)
    return try DatasetFolders.first(of: candidates, name: rawValue) { folder in
      Self.file(in: folder, split: .train, contents: "images-idx3-ubyte")
    }
  }

  /// The plain file where it exists, else the compressed one.
  private static func file(in directory: URL, split: DatasetSplit, contents: String) -> URL {
    let name = (split == .train ? "train-" : "t10k-") + contents
    let plain = directory.appendingPathComponent(name)
    if FileManager.default.fileExists(atPath: plain.path) { return plain }
    return directory.appendingPathComponent(name + ".gz")
  }
}

/// Where published data sets are looked for.
enum DatasetFolders {
  /// The usual places of a data set.
  ///
  /// - Parameter takesRoot: whether `$TANDEM_DATA` itself may hold the files.
  static func usual(name: String, environment: [String: String], takesRoot: Bool = false) -> [URL] {
    var result: [URL] = []
    if let folder = environment["TANDEM_DATA"], !folder.isEmpty {
      let url = URL(fileURLWithPath: folder)
      if takesRoot { result.append(url) }
      result.append(url.appendingPathComponent(name))
    }
    result.append(URL(fileURLWithPath: "data/\(name)"))
    result.append(URL(fileURLWithPath: "/usr/share/datasets/\(name)"))
    return result
  }

  /// The first folder that holds the file that `marker` names.
  ///
  /// - Throws: ``DatasetError/notFound(name:searched:)``.
  static func first(of folders: [URL], name: String, marker: (URL) -> URL) throws(DatasetError) -> URL {
    for folder in folders where FileManager.default.fileExists(atPath: marker(folder).path) { return folder }
    throw .notFound(name: name, searched: folders.map(\.path))
  }
}
