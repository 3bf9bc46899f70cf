import ComputationGraph
import Foundation
import Foundations
import Testing
import Training

@Suite struct AugmentationTests {
  private typealias Augmentation = TrainingConfiguration.Augmentation

  /// Every lane of a loaded chunk as [channel][row][column].
  private func load(_ images: [AugmentedImage], _ data: ImageDataset, _ normalization: Normalization)
    -> [[Float]]
  {
    let chunk = UnsafeMutablePointer<Float>.allocate(capacity: data.imageSize * 32)
    defer { chunk.deallocate() }
    ChunkLoader(dataset: data, normalization: normalization).load(images[...], into: chunk)
    return images.indices.map { lane in (0..<data.imageSize).map { chunk[$0 * 32 + lane] } }
  }

  private func batch(_ size: Int, _ augmentation: Augmentation, _ data: ImageDataset, seed: UInt64 = 3)
    -> [AugmentedImage]
  {
    var stream = ImageStream(
      count: data.count, height: data.height, width: data.width, augmentation: augmentation,
      generator: SeededGenerator(seed: seed))
    return stream.batch(size)
  }

  @Test func squaresAreCutOutAfterTheNormalization() throws {
    let data = try TestNetworks.dataset(count: 40, channels: 2, height: 9, width: 7, classes: 3, seed: 1)
    let normalization = Normalization(mean: [0.3, 0.4], standardDeviation: [0.2, 0.1])
    for size in [1, 2, 4, 5, 30] {
      let images = batch(32, Augmentation(horizontalFlip: true, cropPadding: 2, cutout: size), data)
      let plain = images.map { image in
        AugmentedImage(
          index: image.index, rowShift: image.rowShift, columnShift: image.columnShift,
          isMirrored: image.isMirrored)
      }
      let (found, expected) = (load(images, data, normalization), load(plain, data, normalization))
      var areas: Set<Int> = []
      for (lane, image) in images.enumerated() {
        let cut = try #require(image.cutout)
        areas.insert(cut.rows.count * cut.columns.count)
        #expect(cut.rows.count <= size && cut.columns.count <= size && !cut.rows.isEmpty)
        for place in 0..<data.imageSize {
          let (row, column) = (place % 63 / 7, place % 7)
          let isCut = cut.rows.contains(row) && cut.columns.contains(column)
          #expect(found[lane][place] == (isCut ? 0 : expected[lane][place]))
        }
      }
      if size == 4 { #expect(areas.contains(16) && areas.count > 1, "squares reach over the edge") }
    }
  }

  /// Every centre is as likely as any other, so that a row is cut out as often as centres reach it.
  @Test func squaresAreCentredAnywhereInTheImage() throws {
    let data = try TestNetworks.dataset(count: 10, channels: 1, height: 9, width: 6, classes: 3, seed: 1)
    for size in [3, 4] {
      let images = batch(20_000, Augmentation(horizontalFlip: false, cropPadding: 0, cutout: size), data)
      let cuts = images.compactMap(\.cutout)
      for (extent, ranges) in [(9, cuts.map(\.rows)), (6, cuts.map(\.columns))] {
        for place in 0..<extent {
          let reaching = (0..<extent).filter { ($0 - size / 2..<$0 - size / 2 + size).contains(place) }.count
          let found = Double(ranges.filter { $0.contains(place) }.count) / 20_000
          #expect(abs(found - Double(reaching) / Double(extent)) < 0.02)
        }
      }
    }
  }

  @Test func mixedImagesAreWeightedSumsOfTheirParts() throws {
    let data = try TestNetworks.dataset(count: 40, channels: 2, height: 5, width: 4, classes: 7, seed: 2)
    let normalization = Normalization(of: data)
    let augmentation = Augmentation(horizontalFlip: true, cropPadding: 1, cutout: 2, mixup: 0.4)
    let images = batch(32, augmentation, data)
    let alone = images.map { image in
      var copy = image
      copy.partner = nil
      return copy
    }
    let (mixed, parts) = (load(images, data, normalization), load(alone, data, normalization))
    let labels = ChunkLoader(dataset: data, normalization: normalization).labels(images[...])
    let share = try #require(images[0].partner?.share)
    var partners: [Int] = []
    for (lane, image) in images.enumerated() {
      let partner = try #require(image.partner)
      #expect(partner.share == share, "one share a batch")
      let other = try #require(alone.firstIndex { AugmentedImage.Partner($0, share: share) == partner })
      partners.append(other)
      for place in 0..<data.imageSize {
        let expected = parts[lane][place] * (1 - share) + parts[other][place] * share
        #expect(abs(mixed[lane][place] - expected) < 1e-5)
      }
      #expect(labels[lane].label == data.labels[image.index])
      #expect(labels[lane].mixed == .init(label: data.labels[images[other].index], share: share))
    }
    #expect(partners.sorted() == Array(0..<32), "every image is the partner of one")
  }

  @Test(arguments: [0.1, 0.4, 1, 2.5, 20]) func sharesFollowTheBetaDistribution(alpha: Double) {
    var generator = SeededGenerator(seed: 5)
    let samples = (0..<40_000).map { _ in generator.nextSymmetricBeta(alpha) }
    let mean = samples.reduce(0, +) / 40_000
    let variance = samples.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 40_000
    let fourth = samples.reduce(0) { $0 + pow($1 - 0.5, 4) } / 40_000
    let expected = 1 / (4 * (2 * alpha + 1))
    #expect(samples.allSatisfy { (0...1).contains($0) })
    #expect(abs(mean - 0.5) < 0.01)
    #expect(abs(variance / expected - 1) < 0.03)
    // The excess kurtosis of Beta(α, α) is −6 / (2α + 3).
    #expect(abs(fourth / (expected * expected * (3 - 6 / (2 * alpha + 3))) - 1) < 0.06)
    var tiny = SeededGenerator(seed: 6)
    #expect((0..<1000).allSatisfy { _ in (0...1).contains(tiny.nextSymmetricBeta(1e-3)) })
  }

  @Test func theLossOfTwoLabelsIsTheWeightedSum() {
    var generator = SeededGenerator(seed: 9)
    let classes = 6
    let logits = (0..<classes * 32).map { _ in Float.random(in: -4...4, using: &generator) }
    func evaluate(_ labels: [ImageLabel], _ logits: [Float], smoothing: Double) -> (Double, [Float]) {
      var gradient = [Float](repeating: 0, count: classes * 32)
      let sums = SoftmaxCrossEntropy(classes: classes, smoothing: smoothing).evaluate(
        logits: logits, labels: labels, count: labels.count, gradient: &gradient)
      return (sums.loss, gradient)
    }
    for smoothing in [0, 0.2] {
      for share in [Float(0), 0.25, 0.7, 1] {
        let mixed = [ImageLabel(label: 1, mixed: .init(label: 4, share: share))]
        let (loss, gradient) = evaluate(mixed, logits, smoothing: smoothing)
        let (first, firstGradient) = evaluate([ImageLabel(label: 1)], logits, smoothing: smoothing)
        let (second, secondGradient) = evaluate([ImageLabel(label: 4)], logits, smoothing: smoothing)
        #expect(abs(loss - (Double(1 - share) * first + Double(share) * second)) < 1e-6)
        for index in stride(from: 0, to: classes * 32, by: 32) {
          let expected = (1 - share) * firstGradient[index] + share * secondGradient[index]
          #expect(abs(gradient[index] - expected) < 1e-6)
          var changed = logits
          changed[index] += 1e-2
          let slope = (evaluate(mixed, changed, smoothing: smoothing).0 - loss) / 1e-2
          #expect(abs(slope - Double(gradient[index])) < 0.01)
        }
      }
    }
  }

  @Test func twoLabelsCountByTheLargerShare() {
    var logits = [Float](repeating: 0, count: 3 * 32)
    logits[2 * 32] = 5
    func correct(_ share: Float) -> Int {
      SoftmaxCrossEntropy(classes: 3, smoothing: 0).evaluate(
        logits: logits, labels: [ImageLabel(label: 0, mixed: .init(label: 2, share: share))], count: 1,
        gradient: nil
      ).correct
    }
    #expect(correct(0.4) == 0 && correct(0.6) == 1)
  }

  @Test func everythingDependsOnTheSeedAlone() throws {
    let graph = try TestNetworks.small(height: 12, width: 12)
    let data = try TestNetworks.dataset(count: 300, channels: 1, height: 12, width: 12, classes: 10, seed: 1)
    func train(threads: Int, seed: UInt64, mixup: Double = 0.3) throws -> WeightValues {
      let configuration = TrainingConfiguration(
        epochs: 1.5, batchSize: 128, optimizer: .adamW(.init()), gradientClipping: 1,
        averaging: .init(decay: 0.9),
        augmentation: .init(horizontalFlip: true, cropPadding: 2, cutout: 4, mixup: mixup), threads: threads,
        seed: seed)
      return try Trainer(graph: graph, configuration: configuration).train(
        on: data, normalization: Normalization(of: data)
      ).weights
    }
    let one = try train(threads: 1, seed: 5)
    for threads in 2...4 { #expect(try train(threads: threads, seed: 5) == one) }
    #expect(try train(threads: 2, seed: 6) != one)
    #expect(try train(threads: 2, seed: 5, mixup: 0) != one)
  }
}
