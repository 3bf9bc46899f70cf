import Foundation
import Foundations

/// A data set as four files of NumPy's: `train_images.npy` and `test_images.npy`, bytes of the shape [N, H, W] or
/// [N, C, H, W]; `train_labels.npy` and `test_labels.npy`, integers of the shape [N].
///
/// There are as many classes as the largest training label says.
public enum NumPyDataset {
  private static let maximumLabels = 10_000_000
  private static let headerBytes = 1 << 16

  /// Reads the header of the training images and the training labels.
  ///
  /// - Throws: ``DatasetError`` naming the file.
  public static func contents(of directory: URL) throws(DatasetError) -> DatasetContents {
    let images = imagesFile(in: directory, .train)
    let shape = try imageShape(images).shape
    let labelsURL = labelsFile(in: directory, .train)
    let labels = try labels(
      BoundedFile.read(labelsURL, maximumBytes: 8 * maximumLabels), path: labelsURL.path)
    guard labels.count == shape[0] else { throw disagreement(images, shape[0], labelsURL, labels.count) }
    guard let largest = labels.max() else {
      throw .invalidFile(path: labelsURL.path, reason: "there are no labels")
    }
    return DatasetContents(
      channels: shape[1], height: shape[2], width: shape[3], classNames: numberedClasses(largest + 1),
      trainImages: shape[0])
  }

  /// Reads one part.
  ///
  /// - Parameter contents: what ``contents(of:)`` said.
  /// - Throws: ``DatasetError`` naming the file.
  public static func load(from directory: URL, split: DatasetSplit, contents: DatasetContents)
    throws(DatasetError) -> ImageDataset
  {
    let imagesURL = imagesFile(in: directory, split)
    let (shape, start) = try imageShape(imagesURL)
    let labelsURL = labelsFile(in: directory, split)
    let labels = try labels(
      BoundedFile.read(labelsURL, maximumBytes: 8 * maximumLabels), path: labelsURL.path)
    guard labels.count == shape[0] else { throw disagreement(imagesURL, shape[0], labelsURL, labels.count) }
    let classes = contents.classNames.count
    if let index = labels.firstIndex(where: { $0 >= classes }) {
      throw .labelOutOfRange(path: labelsURL.path, index: index, label: labels[index], classes: classes)
    }
    let bytes = try BoundedFile.read(
      imagesURL, maximumBytes: BoundedFile.maximumDatasetBytes + headerBytes)
    let expected = start + shape.reduce(1, *)
    guard bytes.count == expected else {
      throw .truncated(path: imagesURL.path, expectedBytes: expected, foundBytes: bytes.count)
    }
    return try ImageDataset(
      name: "\(directory.lastPathComponent) (\(split.rawValue))", channels: shape[1], height: shape[2],
      width: shape[3], classes: classes, images: Array(bytes[start...]), labels: labels.map(UInt8.init))
  }

  /// The shape [N, C, H, W] of a file of images, and where its pixels begin; the size of the file fits.
  private static func imageShape(_ url: URL) throws(DatasetError) -> (shape: [Int], start: Int) {
    let size = try BoundedFile.size(url)
    let (shape, start) = try imageShape(
      [UInt8](BoundedFile.prefix(url, count: headerBytes)), path: url.path)
    let expected = start + shape.reduce(1, *)
    guard size >= expected else {
      throw .truncated(path: url.path, expectedBytes: expected, foundBytes: size)
    }
    guard size == expected else {
      throw .invalidFile(path: url.path, reason: "\(size - expected) bytes follow the pixels")
    }
    return (shape, start)
  }

  /// The shape that a file's first bytes announce, with sizes that fit in memory.
  ///
  /// - Throws: ``DatasetError/invalidFile(path:reason:)``.
  package static func imageShape(_ bytes: [UInt8], path: String) throws(DatasetError) -> (
    shape: [Int], start: Int
  ) {
    let header = try header(bytes, path: path)
    guard header.type == "|u1" else {
      throw .invalidFile(
        path: path, reason: "its elements are of type '\(header.type.quoted)'; write bytes (uint8)")
    }
    guard header.shape.count == 3 || header.shape.count == 4 else {
      throw .invalidFile(path: path, reason: "its shape is \(header.shape), not [N, H, W] or [N, C, H, W]")
    }
    var shape = header.shape
    if shape.count == 3 { shape.insert(1, at: 1) }
    guard shape[1...].allSatisfy((1...65_536).contains), header.count <= BoundedFile.maximumDatasetBytes
    else {
      throw .invalidFile(path: path, reason: "images of the shape \(header.shape) are not read")
    }
    return (shape, header.payloadStart)
  }

  /// The labels in a file's bytes, not negative and below 256.
  ///
  /// - Throws: ``DatasetError`` naming the file.
  package static func labels(_ bytes: [UInt8], path: String) throws(DatasetError) -> [Int] {
    let header = try header(bytes, path: path)
    let sizes = ["|u1": 1, "|i1": 1, "<u2": 2, "<i2": 2, "<u4": 4, "<i4": 4, "<u8": 8, "<i8": 8]
    guard let size = sizes[header.type] else {
      throw .invalidFile(
        path: path,
        reason: "its elements are of type '\(header.type.quoted)'; write integers such as int64 or uint8")
    }
    guard header.shape.count == 1 else {
      throw .invalidFile(path: path, reason: "its shape is \(header.shape), not [N]")
    }
    guard header.count <= maximumLabels else {
      throw .invalidFile(
        path: path, reason: "it has \(header.count) labels; \(maximumLabels) are read at most")
    }
    let expected = header.payloadStart + header.count * size
    guard bytes.count >= expected else {
      throw .truncated(path: path, expectedBytes: expected, foundBytes: bytes.count)
    }
    guard bytes.count == expected else {
      throw .invalidFile(path: path, reason: "\(bytes.count - expected) bytes follow the labels")
    }
    var labels: [Int] = []
    labels.reserveCapacity(header.count)
    for index in 0..<header.count {
      let start = header.payloadStart + index * size
      let value = bytes[start..<start + size].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      // A negative label has its highest bit set, and so is too large as well.
      guard value < 256, size > 1 || header.type == "|u1" || value < 128 else {
        throw .invalidFile(path: path, reason: "label \(index) is negative or over 255")
      }
      labels.append(Int(value))
    }
    return labels
  }

  private static func header(_ bytes: [UInt8], path: String) throws(DatasetError) -> NumPyHeader {
    do {
      return try NumPyHeader(data: Data(bytes), source: path)
    } catch {
      if case .notAnArray(_, let reason) = error {
        throw .invalidFile(path: path, reason: "not a readable .npy file: \(reason)")
      }
      throw .invalidFile(
        path: path, reason: "its elements are in column-major order; write numpy.ascontiguousarray(array)")
    }
  }

  private static func disagreement(_ images: URL, _ count: Int, _ labels: URL, _ found: Int) -> DatasetError {
    .mismatch(reason: "\(images.path) has \(count) images, but \(labels.path) has \(found) labels")
  }

  private static func imagesFile(in directory: URL, _ split: DatasetSplit) -> URL {
    directory.appendingPathComponent("\(split.rawValue)_images.npy")
  }

  private static func labelsFile(in directory: URL, _ split: DatasetSplit) -> URL {
    directory.appendingPathComponent("\(split.rawValue)_labels.npy")
  }
}
