import Foundations

/// One image of a batch, with its random changes.
package struct AugmentedImage: Hashable, Sendable {
  package var index: Int
  package var rowShift = 0
  package var columnShift = 0
  package var isMirrored = false
  package var cutout: Cutout?
  package var partner: Partner?

  package init(index: Int, rowShift: Int = 0, columnShift: Int = 0, isMirrored: Bool = false) {
    self.index = index
    self.rowShift = rowShift
    self.columnShift = columnShift
    self.isMirrored = isMirrored
  }

  /// The part of a square that lies in the image.
  package struct Cutout: Hashable, Sendable {
    package var rows: Range<Int>
    package var columns: Range<Int>

    package init(rows: Range<Int>, columns: Range<Int>) {
      self.rows = rows
      self.columns = columns
    }
  }

  /// The image of the same batch that this one is mixed with, and the share that the other one has.
  package struct Partner: Hashable, Sendable {
    package var index: Int
    package var rowShift: Int
    package var columnShift: Int
    package var isMirrored: Bool
    package var cutout: Cutout?
    package var share: Float

    package init(_ image: AugmentedImage, share: Float) {
      index = image.index
      rowShift = image.rowShift
      columnShift = image.columnShift
      isMirrored = image.isMirrored
      cutout = image.cutout
      self.share = share
    }

    /// The other image by itself.
    var image: AugmentedImage {
      var result = AugmentedImage(
        index: index, rowShift: rowShift, columnShift: columnShift, isMirrored: isMirrored)
      result.cutout = cutout
      return result
    }
  }
}

/// An endless stream of training images: every image once in random order, then again in another order.
///
/// Everything random is drawn here, by one thread, so that neither the number of threads nor their timing matters.
package struct ImageStream: Sendable {
  private let count: Int
  private let height: Int
  private let width: Int
  private let augmentation: TrainingConfiguration.Augmentation
  private(set) var generator: SeededGenerator
  private(set) var order: [Int]
  private(set) var next: Int

  /// - Parameters:
  ///   - height: rows of an image, and
  ///   - width: its columns, where squares are cut out.
  /// - Precondition: `count` is positive.
  package init(
    count: Int, height: Int = 1, width: Int = 1, augmentation: TrainingConfiguration.Augmentation,
    generator: SeededGenerator
  ) {
    precondition(count > 0 && height > 0 && width > 0)
    self.count = count
    self.height = height
    self.width = width
    self.augmentation = augmentation
    self.generator = generator
    order = Array(0..<count)
    next = count
  }

  /// Goes to where another stream of the same images stood.
  ///
  /// - Precondition: the order is one of all images and `next` is in 0...count.
  mutating func restore(generator: SeededGenerator, order: [Int], next: Int) {
    precondition(order.count == count && (0...count).contains(next))
    self.generator = generator
    self.order = order
    self.next = next
  }

  /// The next images.
  package mutating func batch(_ size: Int) -> [AugmentedImage] {
    var result: [AugmentedImage] = []
    result.reserveCapacity(size)
    while result.count < size {
      if next == count {
        order.shuffle(using: &generator)
        next = 0
      }
      var image = AugmentedImage(index: order[next])
      next += 1
      if augmentation.cropPadding > 0 {
        let reach = -augmentation.cropPadding...augmentation.cropPadding
        image.rowShift = Int.random(in: reach, using: &generator)
        image.columnShift = Int.random(in: reach, using: &generator)
      }
      if augmentation.horizontalFlip { image.isMirrored = Bool.random(using: &generator) }
      if augmentation.cutout > 0 {
        let rows = square(around: Int.random(in: 0..<height, using: &generator), within: height)
        let columns = square(around: Int.random(in: 0..<width, using: &generator), within: width)
        image.cutout = .init(rows: rows, columns: columns)
      }
      result.append(image)
    }
    if augmentation.mixup > 0 { mix(&result) }
    return result
  }

  private func square(around center: Int, within extent: Int) -> Range<Int> {
    let start = center - augmentation.cutout / 2
    return max(0, start)..<max(0, min(extent, start + augmentation.cutout))
  }

  /// Gives every image the image at its place in a random order of the batch as a partner.
  private mutating func mix(_ images: inout [AugmentedImage]) {
    let share = Float(generator.nextSymmetricBeta(augmentation.mixup))
    let partners = images.shuffled(using: &generator)
    for index in images.indices { images[index].partner = .init(partners[index], share: share) }
  }
}
