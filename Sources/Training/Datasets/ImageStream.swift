import Foundations

/// One image of a batch, with its random changes.
package struct AugmentedImage: Hashable, Sendable {
  package var index: Int
  package var rowShift = 0
  package var columnShift = 0
  package var isMirrored = false

  package init(index: Int, rowShift: Int = 0, columnShift: Int = 0, isMirrored: Bool = false) {
    self.index = index
    self.rowShift = rowShift
    self.columnShift = columnShift
    self.isMirrored = isMirrored
  }
}

/// An endless stream of training images: every image once in random order, then again in another order.
package struct ImageStream {
  private let count: Int
  private let augmentation: TrainingConfiguration.Augmentation
  private var generator: SeededGenerator
  private var order: [Int]
  private var next: Int

  /// - Precondition: `count` is positive.
  package init(count: Int, augmentation: TrainingConfiguration.Augmentation, generator: SeededGenerator) {
    precondition(count > 0)
    self.count = count
    self.augmentation = augmentation
    self.generator = generator
    order = Array(0..<count)
    next = count
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
      result.append(image)
    }
    return result
  }
}
