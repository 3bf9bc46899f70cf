import Foundation
import Foundations
import Testing
import Training

@Suite struct DatasetFileTests {
  // MARK: CIFAR

  private func records(_ labels: [[UInt8]], _ generator: inout SeededGenerator) -> (
    file: [UInt8], pixels: [UInt8]
  ) {
    var (file, pixels): ([UInt8], [UInt8]) = ([], [])
    for label in labels {
      let image = ImageFiles.random(3072, &generator)
      file += label + image
      pixels += image
    }
    return (file, pixels)
  }

  @Test func CIFAR10IsRead() throws {
    var generator = SeededGenerator(seed: 1)
    let folder = try DataFolder()
    var pixels: [UInt8] = []
    for batch in 1...5 {
      let part = records([[UInt8(batch)], [9]], &generator)
      try folder.write(part.file, to: "cifar-10-batches-bin/data_batch_\(batch).bin")
      pixels += part.pixels
    }
    let found = try CIFAR.ten.locate(explicit: folder.url)
    let images = try CIFAR.ten.load(from: found, split: .train)
    #expect(images.images == pixels)
    #expect(images.labels == [1, 9, 2, 9, 3, 9, 4, 9, 5, 9])
    #expect(images.classes == 10 && images.channels == 3 && images.height == 32 && images.width == 32)
    #expect(throws: DatasetError.missingFile(path: found.appendingPathComponent("test_batch.bin").path)) {
      try CIFAR.ten.load(from: found, split: .test)
    }
    #expect(throws: DatasetError.self) { try CIFAR.ten.contents.verify(images, split: .train) }
  }

  @Test func CIFAR100HasFineLabels() throws {
    var generator = SeededGenerator(seed: 2)
    let folder = try DataFolder()
    let part = records([[3, 99], [19, 0]], &generator)
    try folder.write(part.file, to: "train.bin")
    let images = try CIFAR.hundred.load(from: CIFAR.hundred.locate(explicit: folder.url), split: .train)
    #expect(images.labels == [99, 0] && images.images == part.pixels)
    #expect(CIFAR.hundred.classNames.count == 100 && Set(CIFAR.hundred.classNames).count == 100)
    #expect(CIFAR.hundred.classNames[23] == "cloud" && CIFAR.hundred.classNames[99] == "worm")
  }

  @Test func damagedCIFARFilesAreNamed() throws {
    func error(_ bytes: [UInt8]) -> DatasetError? {
      var (images, labels): ([UInt8], [UInt8]) = ([], [])
      return #expect(throws: DatasetError.self) {
        try CIFAR.ten.read(bytes, path: "x", images: &images, labels: &labels)
      }
    }
    #expect(error([]) == .truncated(path: "x", expectedBytes: 3073, foundBytes: 0))
    #expect(
      error([UInt8](repeating: 0, count: 4000))
        == .truncated(path: "x", expectedBytes: 6146, foundBytes: 4000))
    #expect(
      error([10] + [UInt8](repeating: 0, count: 3072))
        == .labelOutOfRange(path: "x", index: 0, label: 10, classes: 10))
    var generator = SeededGenerator(seed: 3)
    let original = records([[1], [2]], &generator).file
    for _ in 0..<300 {
      var (images, labels): ([UInt8], [UInt8]) = ([], [])
      do {
        try CIFAR.ten.read(
          ImageFiles.mutated(original, &generator), path: "x", images: &images, labels: &labels)
        #expect(images.count == 3072 * labels.count)
      } catch {
        #expect(error.description.hasPrefix("x: "))
      }
    }
  }

  // MARK: NumPy

  private func little(_ values: [Int], bytes: Int) -> [UInt8] {
    values.flatMap { value in (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  }

  @Test func NumPyFilesAreRead() throws {
    var generator = SeededGenerator(seed: 4)
    let folder = try DataFolder()
    let train = ImageFiles.random(5 * 3 * 4, &generator)
    let test = ImageFiles.random(2 * 3 * 4, &generator)
    try folder.write(ImageFiles.npy("|u1", [5, 3, 4], train), to: "train_images.npy")
    try folder.write(ImageFiles.npy("<i8", [5], little([2, 0, 1, 2, 2], bytes: 8)), to: "train_labels.npy")
    try folder.write(ImageFiles.npy("|u1", [2, 1, 3, 4], test), to: "test_images.npy")
    try folder.write(ImageFiles.npy("|u1", [2], [1, 0]), to: "test_labels.npy")
    let contents = try NumPyDataset.contents(of: folder.url)
    #expect(
      contents
        == DatasetContents(channels: 1, height: 3, width: 4, classNames: ["0", "1", "2"], trainImages: 5))
    let images = try NumPyDataset.load(from: folder.url, split: .train, contents: contents)
    #expect(images.images == train && images.labels == [2, 0, 1, 2, 2])
    try contents.verify(images, split: .train)
    let other = try NumPyDataset.load(from: folder.url, split: .test, contents: contents)
    #expect(other.images == test && other.labels == [1, 0])
    try contents.verify(other, split: .test)
  }

  @Test func labelsOfEveryIntegerTypeAreRead() throws {
    for (type, size) in [
      ("|u1", 1), ("|i1", 1), ("<u2", 2), ("<i2", 2), ("<u4", 4), ("<i4", 4), ("<u8", 8), ("<i8", 8),
    ] {
      let file = ImageFiles.npy(type, [3], little([0, 100, 7], bytes: size))
      #expect(try NumPyDataset.labels(file, path: "x") == [0, 100, 7])
      let negative = ImageFiles.npy(type, [2], little([1, type == "|u1" ? 5 : -2], bytes: size))
      if type.contains("i") || size > 1 {
        #expect(throws: DatasetError.invalidFile(path: "x", reason: "label 1 is negative or over 255")) {
          try NumPyDataset.labels(negative, path: "x")
        }
      }
    }
  }

  @Test func damagedNumPyFilesAreNamed() throws {
    func shape(_ bytes: [UInt8]) -> String? {
      #expect(throws: DatasetError.self) { try NumPyDataset.imageShape(bytes, path: "x") }?.description
    }
    func labels(_ bytes: [UInt8]) -> String? {
      #expect(throws: DatasetError.self) { try NumPyDataset.labels(bytes, path: "x") }?.description
    }
    #expect(
      shape(ImageFiles.npy("<f4", [1, 1, 1], [])) == "x: its elements are of type '<f4'; write bytes (uint8)")
    #expect(
      shape(ImageFiles.npy("|u1", [4, 4], [])) == "x: its shape is [4, 4], not [N, H, W] or [N, C, H, W]")
    #expect(shape(ImageFiles.npy("|u1", [4, 0, 4], [])) == "x: images of the shape [4, 0, 4] are not read")
    #expect(
      shape(ImageFiles.npy("|u1", [1 << 40, 1 << 16, 1 << 16], []))
        == "x: not a readable .npy file: its shape is too large")
    #expect(shape(ImageFiles.npy("|u1", [9000, 1000, 1000], []))?.contains("are not read") == true)
    #expect(shape(ImageFiles.npy("|u1", [2, 2, 2], [], fortran: true))?.contains("column-major") == true)
    #expect(labels(ImageFiles.npy("<f4", [1], [0, 0, 0, 0]))?.contains("write integers") == true)
    #expect(labels(ImageFiles.npy(">i2", [1], [0, 0]))?.contains("'>i2'") == true)
    #expect(labels(ImageFiles.npy("|u1", [3], [1, 2]))?.contains("truncated") == true)
    #expect(labels(ImageFiles.npy("|u1", [1], [1, 2])) == "x: 1 bytes follow the labels")
    #expect(labels(ImageFiles.npy("|u1", [1 << 60], [1, 2]))?.contains("are read at most") == true)
    var generator = SeededGenerator(seed: 5)
    let images = ImageFiles.npy("|u1", [5, 3, 4], ImageFiles.random(60, &generator))
    let numbers = ImageFiles.npy("<i4", [5], little([2, 0, 1, 2, 2], bytes: 4))
    for _ in 0..<6000 {
      do {
        let found = try NumPyDataset.imageShape(ImageFiles.mutated(images, &generator), path: "x").shape
        #expect(found.count == 4)
      } catch { #expect(error.description.hasPrefix("x: ")) }
      do {
        #expect(
          try NumPyDataset.labels(ImageFiles.mutated(numbers, &generator), path: "x").allSatisfy { $0 < 256 })
      } catch { #expect(error.description.hasPrefix("x: ")) }
    }
  }

  @Test func NumPyFilesThatDisagreeAreNamed() throws {
    let folder = try DataFolder()
    func error() -> String? {
      #expect(throws: DatasetError.self) { try NumPyDataset.contents(of: folder.url) }?.description
    }
    #expect(error()?.hasSuffix("train_images.npy: no such file") == true)
    try folder.write(ImageFiles.npy("|u1", [2, 1, 1], [1]), to: "train_images.npy")
    #expect(error()?.contains("train_images.npy: truncated") == true)
    try folder.write(ImageFiles.npy("|u1", [2, 1, 1], [1, 2]), to: "train_images.npy")
    #expect(error()?.hasSuffix("train_labels.npy: no such file") == true)
    try folder.write(ImageFiles.npy("|u1", [3], [1, 2, 0]), to: "train_labels.npy")
    #expect(error()?.contains("has 2 images") == true && error()?.contains("has 3 labels") == true)
    try folder.write(ImageFiles.npy("|u1", [2], [1, 0]), to: "train_labels.npy")
    let contents = try NumPyDataset.contents(of: folder.url)
    try folder.write(ImageFiles.npy("|u1", [1, 1, 1], [1]), to: "test_images.npy")
    try folder.write(ImageFiles.npy("|u1", [1], [2]), to: "test_labels.npy")
    #expect(
      throws: DatasetError.labelOutOfRange(
        path: folder.url.appendingPathComponent("test_labels.npy").path, index: 0, label: 2, classes: 2)
    ) { try NumPyDataset.load(from: folder.url, split: .test, contents: contents) }
    try FileManager.default.removeItem(at: folder.url.appendingPathComponent("train_images.npy"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.url.appendingPathComponent("train_images.npy").path, withDestinationPath: "/dev/zero")
    #expect(error()?.contains("it is no regular file") == true)
  }

  // MARK: Folders

  @Test func foldersOfImagesAreRead() throws {
    var generator = SeededGenerator(seed: 6)
    let folder = try DataFolder()
    let color = ImageFiles.random(12, &generator)
    let grey = ImageFiles.random(4, &generator)
    try folder.write(ImageFiles.png(color, width: 2, height: 2, type: 2), to: "train/ant/1.png")
    try folder.write(ImageFiles.png(grey, width: 2, height: 2, type: 0), to: "train/zebra/b.PNG")
    try folder.write(Array("P6 2 2 255\n".utf8) + color, to: "train/zebra/a.ppm")
    try folder.write([1], to: "train/zebra/.hidden")
    try folder.write(Array("P5 2 2 255\n".utf8) + grey, to: "test/zebra/x.pgm")
    let contents = try ImageFolder.contents(of: folder.url)
    #expect(
      contents
        == DatasetContents(channels: 3, height: 2, width: 2, classNames: ["ant", "zebra"], trainImages: 3))
    let planes = ImageFiles.planes(color, per: 3, channels: 3)
    let images = try ImageFolder.load(from: folder.url, split: .train, contents: contents)
    #expect(images.labels == [0, 1, 1])
    #expect(images.images == planes + planes + grey + grey + grey)
    let test = try ImageFolder.load(from: folder.url, split: .test, contents: contents)
    #expect(test.labels == [1] && test.images == grey + grey + grey)
    try contents.verify(images, split: .train)
    try contents.verify(test, split: .test)
  }

  @Test func mistakesInFoldersAreNamed() throws {
    let folder = try DataFolder()
    func error(_ split: DatasetSplit = .train) -> String? {
      #expect(throws: DatasetError.self) {
        try ImageFolder.load(from: folder.url, split: split, contents: ImageFolder.contents(of: folder.url))
      }?.description
    }
    let image = Array("P5 1 1 255\n".utf8) + [1]
    #expect(error()?.hasSuffix("train: no such file") == true)
    try folder.write(image, to: "train/a/1.pgm")
    #expect(error(.test)?.hasSuffix("test: no such file") == true)
    try folder.write(image, to: "test/b/1.pgm")
    #expect(error(.test)?.contains("test/b: the class 'b' is not in the training part") == true)
    try folder.write(Array("P5 2 1 255\n".utf8) + [1, 2], to: "train/a/2.pgm")
    #expect(error()?.contains("a/2.pgm: 1×1×2, but the data set has images of 1×1×1") == true)
    try folder.write(Array("P6 1 1 255\n".utf8) + [1, 2, 3], to: "train/a/2.pgm")
    #expect(error()?.contains("a/2.pgm: 3×1×1") == true)
    try folder.write([0xFF, 0xD8], to: "train/a/2.pgm")
    #expect(error()?.contains("a/2.pgm: neither a PNG") == true)
    try folder.write([0xFF, 0xD8], to: "train/a/3.jpg")
    #expect(error()?.contains("a/3.jpg: expected only images here") == true)
    try FileManager.default.removeItem(at: folder.url.appendingPathComponent("train/a/3.jpg"))
    try folder.write(image, to: "train/stray.pgm")
    #expect(error()?.contains("stray.pgm: expected only folders") == true)
    try FileManager.default.createDirectory(
      at: folder.url.appendingPathComponent("train/empty"), withIntermediateDirectories: true)
    for name in ["train/stray.pgm", "train/a/2.pgm"] {
      try FileManager.default.removeItem(at: folder.url.appendingPathComponent(name))
    }
    #expect(error()?.contains("train/empty: the folder of a class has no images") == true)
  }
}
