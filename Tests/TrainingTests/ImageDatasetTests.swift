import Foundations
import Testing
import Training

@Suite struct ImageDatasetTests {
  private func numbered(_ labels: [UInt8], classes: Int = 3) throws -> ImageDataset {
    try ImageDataset(
      name: "numbered", channels: 1, height: 1, width: 2, classes: classes,
      images: labels.indices.flatMap { [UInt8($0 / 256), UInt8($0 % 256)] }, labels: labels)
  }

  private func numbers(_ data: ImageDataset) -> [Int] {
    (0..<data.count).map { Int(data.images[2 * $0]) * 256 + Int(data.images[2 * $0 + 1]) }
  }

  @Test func sizesAndLabelsAreVerified() throws {
    #expect(throws: DatasetError.self) {
      try ImageDataset(
        name: "x", channels: 1, height: 2, width: 2, classes: 2, images: [1, 2, 3], labels: [0])
    }
    #expect(throws: DatasetError.labelOutOfRange(path: "numbered", index: 1, label: 3, classes: 3)) {
      try numbered([0, 3])
    }
    #expect(throws: DatasetError.self) {
      try ImageDataset(
        name: "x", channels: .max, height: 2, width: 2, classes: 2, images: [], labels: [0])
    }
    #expect(throws: DatasetError.self) {
      try ImageDataset(name: "x", channels: 0, height: 2, width: 2, classes: 2, images: [], labels: [])
    }
  }

  @Test func subsetsKeepImagesAndLabelsTogether() throws {
    let data = try numbered([0, 1, 2, 1])
    let subset = data.subset([3, 0, 3])
    #expect(numbers(subset) == [3, 0, 3])
    #expect(subset.labels == [1, 0, 1])
  }

  @Test func splitsAreDisjointStratifiedAndSeeded() throws {
    var generator = SeededGenerator(seed: 1)
    let labels = (0..<1000).map { _ in UInt8([0, 0, 0, 0, 1, 1, 2].randomElement(using: &generator)!) }
    let data = try numbered(labels)
    let (first, second) = try data.stratifiedSplit(firstCount: 500, secondCount: 301, seed: 5)
    #expect(first.count == 500 && second.count == 301)
    #expect(Set(numbers(first)).union(numbers(second)).count == 801)
    for part in [first, second] {
      for (place, number) in numbers(part).enumerated() { #expect(part.labels[place] == labels[number]) }
      for label in 0..<3 {
        let expected = Double(labels.count { Int($0) == label }) * Double(part.count) / 1000
        #expect(abs(Double(part.labels.count { Int($0) == label }) - expected) <= 2)
      }
    }
    #expect(try data.stratifiedSplit(firstCount: 500, secondCount: 301, seed: 5).first == first)
    #expect(try data.stratifiedSplit(firstCount: 500, secondCount: 301, seed: 6).first != first)
    #expect(try data.stratifiedSplit(firstCount: 20, secondCount: 301, seed: 5).second == second)
    #expect(try data.stratifiedSplit(firstCount: 699, secondCount: 301, seed: 5).first.count == 699)
    #expect(try data.stratifiedSubset(count: 7, seed: 1).count == 7)
    #expect(throws: DatasetError.tooFewImages(requested: 1001, available: 1000)) {
      try data.stratifiedSplit(firstCount: 700, secondCount: 301, seed: 5)
    }
    #expect(throws: DatasetError.tooFewImages(requested: .max, available: 1000)) {
      try data.stratifiedSplit(firstCount: .max, secondCount: 1, seed: 5)
    }
  }

  @Test func normalizationIsMeanAndDeviationPerChannel() throws {
    var generator = SeededGenerator(seed: 2)
    let pixels = (0..<7 * 2 * 12).map {
      UInt8.random(in: $0 / 12 % 2 == 0 ? 0...99 : 50...255, using: &generator)
    }
    let data = try ImageDataset(
      name: "x", channels: 2, height: 3, width: 4, classes: 1, images: pixels,
      labels: [UInt8](repeating: 0, count: 7))
    let normalization = Normalization(of: data)
    for channel in 0..<2 {
      let values = pixels.indices.filter { $0 / 12 % 2 == channel }.map { Double(pixels[$0]) / 255 }
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      #expect(abs(normalization.mean[channel] - mean) < 1e-12)
      #expect(abs(normalization.standardDeviation[channel] - variance.squareRoot()) < 1e-9)
    }
    let flat = try ImageDataset(
      name: "flat", channels: 1, height: 1, width: 2, classes: 1, images: [9, 9], labels: [0])
    #expect(Normalization(of: flat).standardDeviation == [1])
  }

  @Test func aStreamShowsEveryImageOncePerPass() {
    var stream = ImageStream(count: 100, augmentation: .none, generator: SeededGenerator(seed: 1))
    let seen = (0..<25).flatMap { _ in stream.batch(32) }.map(\.index)
    for pass in 0..<8 { #expect(seen[pass * 100..<(pass + 1) * 100].sorted() == Array(0..<100)) }
    #expect(Array(seen[0..<100]) != Array(seen[100..<200]))
  }

  @Test func augmentationShiftsAndMirrors() throws {
    let pixels = (0..<12).map { UInt8(10 + $0) }
    let data = try ImageDataset(
      name: "x", channels: 1, height: 3, width: 4, classes: 1, images: pixels, labels: [0])
    let normalization = Normalization(mean: [0], standardDeviation: [1.0 / 255])
    let loader = ChunkLoader(dataset: data, normalization: normalization)
    let chunk = UnsafeMutablePointer<Float>.allocate(capacity: 12 * 32)
    defer { chunk.deallocate() }
    let images = [
      AugmentedImage(index: 0), AugmentedImage(index: 0, isMirrored: true),
      AugmentedImage(index: 0, rowShift: 1, columnShift: -2),
    ]
    loader.load(images[...], into: chunk)
    func image(_ lane: Int) -> [Int] { (0..<12).map { Int(chunk[$0 * 32 + lane].rounded()) } }
    #expect(image(0) == pixels.map(Int.init))
    #expect(image(1) == [13, 12, 11, 10, 17, 16, 15, 14, 21, 20, 19, 18])
    #expect(image(2) == [0, 0, 14, 15, 0, 0, 18, 19, 0, 0, 0, 0])
    #expect(image(3) == [Int](repeating: 0, count: 12))
    var stream = ImageStream(
      count: 1, augmentation: .init(horizontalFlip: true, cropPadding: 2), generator: SeededGenerator(seed: 4)
    )
    let drawn = stream.batch(1000)
    #expect(Set(drawn.map(\.rowShift)) == Set(-2...2))
    #expect(Set(drawn.map(\.columnShift)) == Set(-2...2))
    #expect((400...600).contains(drawn.count { $0.isMirrored }))
  }
}
