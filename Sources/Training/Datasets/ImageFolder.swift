import Foundation

/// A data set as folders of images: `train/CLASS/*.png` and `test/CLASS/*.png`, or PGM and PPM images.
///
/// Classes are numbered in the order of their names. All images have the same size; the first one says whether the data
/// set is grey or coloured, and in a coloured one grey images count as coloured.
public enum ImageFolder {
  private static let extensions = ["png", "pgm", "ppm", "pnm"]
  private static let maximumImages = 10_000_000

  private struct ClassFolder {
    let name: String
    let files: [URL]
  }

  /// Reads the names of the training part and its first image.
  ///
  /// - Throws: ``DatasetError`` naming the folder or file.
  public static func contents(of directory: URL) throws(DatasetError) -> DatasetContents {
    let classes = try classFolders(in: directory, split: .train)
    if let empty = classes.first(where: { $0.files.isEmpty }) {
      throw .invalidFile(
        path: directory.appendingPathComponent("train/\(empty.name)").path,
        reason: "the folder of a class has no images")
    }
    let first = try DecodedImage(contentsOf: classes[0].files[0])
    return DatasetContents(
      channels: first.channels, height: first.height, width: first.width, classNames: classes.map(\.name),
      trainImages: classes.reduce(0) { $0 + $1.files.count })
  }

  /// Reads one part.
  ///
  /// - Parameter contents: what ``contents(of:)`` said.
  /// - Throws: ``DatasetError`` naming the folder or file that is missing, damaged or of another size than the first image;
  ///   and a test class that was not trained.
  /// - Complexity: linear in the bytes of all images; their pixels are held in memory.
  public static func load(from directory: URL, split: DatasetSplit, contents: DatasetContents)
    throws(DatasetError) -> ImageDataset
  {
    let classes = try classFolders(in: directory, split: split)
    let count = classes.reduce(0) { $0 + $1.files.count }
    let imageBytes = contents.channels * contents.height * contents.width
    guard count > 0 else {
      throw .invalidFile(
        path: directory.appendingPathComponent(split.rawValue).path, reason: "no class has an image")
    }
    guard imageBytes <= BoundedFile.maximumDatasetBytes / count else {
      throw .invalidFile(
        path: directory.path,
        reason:
          "\(count) images of \(imageBytes) bytes are more than \(BoundedFile.maximumDatasetBytes) bytes"
      )
    }
    var images: [UInt8] = []
    images.reserveCapacity(count * imageBytes)
    var labels: [UInt8] = []
    for folder in classes {
      guard let label = contents.classNames.firstIndex(of: folder.name) else {
        throw .invalidFile(
          path: directory.appendingPathComponent("\(split.rawValue)/\(folder.name)").path,
          reason: "the class '\(folder.name)' is not in the training part")
      }
      for file in folder.files {
        let image = try DecodedImage(contentsOf: file)
        guard image.height == contents.height, image.width == contents.width,
          image.channels <= contents.channels
        else {
          throw .invalidFile(
            path: file.path,
            reason: "\(image.channels)×\(image.height)×\(image.width), but the data set has images of "
              + "\(contents.channels)×\(contents.height)×\(contents.width)")
        }
        for _ in 0..<contents.channels / image.channels { images += image.pixels }
        labels.append(UInt8(label))
      }
    }
    return try ImageDataset(
      name: "\(directory.lastPathComponent) (\(split.rawValue))", channels: contents.channels,
      height: contents.height, width: contents.width, classes: contents.classNames.count, images: images,
      labels: labels)
  }

  /// The folders of the classes with their images, both sorted by name.
  private static func classFolders(in directory: URL, split: DatasetSplit) throws(DatasetError)
    -> [ClassFolder]
  {
    let part = directory.appendingPathComponent(split.rawValue)
    var classes: [ClassFolder] = []
    var count = 0
    for url in try visible(part) {
      guard isFolder(url) else {
        throw .invalidFile(path: url.path, reason: "expected only folders here, one a class")
      }
      let files = try visible(url)
      if let other = files.first(where: {
        isFolder($0) || !extensions.contains($0.pathExtension.lowercased())
      }) {
        throw .invalidFile(
          path: other.path, reason: "expected only images here (\(extensions.joined(separator: ", ")))")
      }
      count += files.count
      classes.append(ClassFolder(name: url.lastPathComponent, files: files))
    }
    guard (1...256).contains(classes.count) else {
      throw .invalidFile(path: part.path, reason: "it has \(classes.count) classes, not 1 to 256")
    }
    guard count <= maximumImages else {
      throw .invalidFile(path: part.path, reason: "it has \(count) images; \(maximumImages) are read at most")
    }
    return classes
  }

  private static func visible(_ folder: URL) throws(DatasetError) -> [URL] {
    guard isFolder(folder) else { throw .missingFile(path: folder.path) }
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
      throw .cannotRead(path: folder.path, reason: "the folder cannot be listed")
    }
    return names.filter { !$0.hasPrefix(".") }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      .map { folder.appendingPathComponent($0) }
  }

  private static func isFolder(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && isFolder.boolValue
  }
}
