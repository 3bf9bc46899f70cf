import Foundation
import Foundations
import Testing
import Training

@Suite struct FashionMNISTTests {
  /// A folder with the four files of a tiny data set, changed by `change`.
  private func withFolder(
    images: [UInt8]? = nil, labels: [UInt8]? = nil, _ body: (URL) throws -> Void
  ) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tandem-\(UUID().uuidString)")
    try AtomicFile.createFolder(folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    for prefix in ["train", "t10k"] {
      try AtomicFile.write(
        Data(images ?? idx([3, 2, 2], (0..<12).map { UInt8($0) })),
        to: folder.appendingPathComponent("\(prefix)-images-idx3-ubyte"))
      try AtomicFile.write(
        Data(gzip(labels ?? idx([3], [9, 0, 4]))),
        to: folder.appendingPathComponent("\(prefix)-labels-idx1-ubyte.gz"))
    }
    try body(folder)
  }

  @Test func readsPlainAndCompressedFiles() throws {
    try withFolder { folder in
      let data = try FashionMNIST.load(from: folder, split: .test)
      #expect(data.count == 3)
      #expect(data.channels == 1 && data.height == 2 && data.width == 2 && data.classes == 10)
      #expect(data.labels == [9, 0, 4])
      #expect(data.images == (0..<12).map { UInt8($0) })
      #expect(try FashionMNIST.locate(explicit: folder) == folder)
      #expect(try FashionMNIST.locate(environment: ["TANDEM_DATA": folder.path]).path == folder.path)
      #expect(
        try FashionMNIST.locate(
          environment: ["TANDEM_DATA": folder.deletingLastPathComponent().path + "/nothing"]
        ).path != folder.path)
    }
  }

  @Test func mistakesNameTheFile() throws {
    try withFolder(labels: idx([2], [1, 2])) { folder in
      let error = #expect(throws: DatasetError.self) { try FashionMNIST.load(from: folder, split: .train) }
      #expect(error?.description.hasSuffix("labels-idx1-ubyte.gz has 2 labels") == true)
    }
    try withFolder(labels: idx([3], [1, 10, 2])) { folder in
      let error = #expect(throws: DatasetError.self) { try FashionMNIST.load(from: folder, split: .train) }
      #expect(error?.description.hasSuffix("label 1 is 10, but there are only 10 classes") == true)
    }
    try withFolder(images: idx([3, 0, 2], [])) { folder in
      let error = #expect(throws: DatasetError.self) { try FashionMNIST.load(from: folder, split: .train) }
      #expect(error?.description.hasSuffix("images of 0×2 pixels") == true)
    }
    try withFolder { folder in
      try FileManager.default.removeItem(at: folder.appendingPathComponent("train-labels-idx1-ubyte.gz"))
      let path = folder.appendingPathComponent("train-labels-idx1-ubyte.gz").path
      #expect(throws: DatasetError.missingFile(path: path)) {
        try FashionMNIST.load(from: folder, split: .train)
      }
    }
    #expect(throws: DatasetError.notFound(name: "fashion-mnist", searched: ["/nowhere"])) {
      try FashionMNIST.locate(explicit: URL(fileURLWithPath: "/nowhere"))
    }
  }

  /// The published data set, which `make test` installs (Debian: dataset-fashion-mnist).
  @Test func thePublishedFilesAreAsDescribed() throws {
    let folder = try FashionMNIST.locate()
    let train = try FashionMNIST.load(from: folder, split: .train)
    let test = try FashionMNIST.load(from: folder, split: .test)
    #expect(train.count == 60_000)
    #expect(test.count == 10_000)
    #expect(train.height == 28 && train.width == 28)
    for label in 0..<10 { #expect(train.labels.count { Int($0) == label } == 6000) }
    let normalization = Normalization(of: train)
    #expect(abs(normalization.mean[0] - 0.2860) < 1e-4)
    #expect(abs(normalization.standardDeviation[0] - 0.3530) < 1e-4)
  }
}
