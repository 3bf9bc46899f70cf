import Foundation

/// CIFAR-10 and CIFAR-100: 50,000 + 10,000 colour images of 32×32 (Krizhevsky 2009), in their binary version.
public enum CIFAR: String, Hashable, Sendable, CaseIterable {
  /// 10 classes: `data_batch_1.bin` … `data_batch_5.bin`, `test_batch.bin`.
  case ten = "cifar-10"
  /// 100 (fine) classes: `train.bin`, `test.bin`.
  case hundred = "cifar-100"

  private static let side = 32
  private static let imageBytes = 3 * side * side
  /// The published files are a fifth of this at most.
  private static let maximumBytes = 1 << 30

  /// The contents of the published files.
  public var contents: DatasetContents {
    DatasetContents(
      channels: 3, height: Self.side, width: Self.side, classNames: classNames, trainImages: 50_000)
  }

  /// Bytes before the pixels of an image; the last one is the class that counts.
  private var labelBytes: Int { self == .ten ? 1 : 2 }

  /// The folder that holds the data set: the first that has the training images, itself or in a sub-folder of the name
  /// that the published archive has.
  ///
  /// - Throws: ``DatasetError/notFound(name:searched:)`` with all folders that were searched.
  public func locate(
    explicit: URL? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(DatasetError) -> URL {
    let folders =
      explicit.map { [$0] } ?? DatasetFolders.usual(name: rawValue, environment: environment)
    let archive = self == .ten ? "cifar-10-batches-bin" : "cifar-100-binary"
    return try DatasetFolders.first(
      of: folders.flatMap { [$0, $0.appendingPathComponent(archive)] }, name: rawValue
    ) { $0.appendingPathComponent(files(.train)[0]) }
  }

  /// Reads one part from the folder of its files.
  ///
  /// - Throws: ``DatasetError`` naming the file that is missing, truncated or has a label without a class.
  public func load(from directory: URL, split: DatasetSplit) throws(DatasetError) -> ImageDataset {
    var images: [UInt8] = []
    var labels: [UInt8] = []
    for name in files(split) {
      let url = directory.appendingPathComponent(name)
      try read(
        BoundedFile.read(url, maximumBytes: Self.maximumBytes), path: url.path, images: &images,
        labels: &labels)
    }
    return try ImageDataset(
      name: "\(rawValue) (\(split.rawValue))", channels: 3, height: Self.side, width: Self.side,
      classes: classNames.count, images: images, labels: labels)
  }

  /// Adds the images of one file's contents.
  ///
  /// - Throws: as ``load(from:split:)``.
  package func read(
    _ bytes: [UInt8], path: String, images: inout [UInt8], labels: inout [UInt8]
  ) throws(DatasetError) {
    let record = labelBytes + Self.imageBytes
    guard bytes.count % record == 0, !bytes.isEmpty else {
      throw .truncated(
        path: path, expectedBytes: (bytes.count / record + 1) * record, foundBytes: bytes.count)
    }
    images.reserveCapacity(images.count + bytes.count)
    for index in 0..<bytes.count / record {
      let start = index * record
      let label = bytes[start + labelBytes - 1]
      guard Int(label) < classNames.count else {
        throw .labelOutOfRange(path: path, index: index, label: Int(label), classes: classNames.count)
      }
      labels.append(label)
      images += bytes[start + labelBytes..<start + record]
    }
  }

  private func files(_ split: DatasetSplit) -> [String] {
    switch (self, split) {
    case (.ten, .train): (1...5).map { "data_batch_\($0).bin" }
    case (.ten, .test): ["test_batch.bin"]
    case (.hundred, _): ["\(split.rawValue).bin"]
    }
  }

  /// The published names of the classes, in the order of the labels.
  public var classNames: [String] {
    switch self {
    case .ten:
      ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    case .hundred: Self.fineNames
    }
  }

  private static let fineNames = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle \
    caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant \
    flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man \
    maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree \
    plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail \
    snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout \
    tulip turtle wardrobe whale willow_tree wolf woman worm
    """.split(separator: " ").map(String.init)
}
