import Foundations

/// One image of a batch, with its random changes.
struct AugmentedImage: Hashable, Sendable {
  var index: Int
  var rowShift = 0
  var columnShift = 0
  var isMirrored = false
}

/// An endless stream of training images: every image once in random order, then again in another order.
struct ImageStream {
  private let count: Int
  private let augmentation: TrainingConfiguration.Augmentation
  private var generator: SeededGenerator
  private var order: [Int]
  private var next: Int

  /// - Precondition: `count` is positive.
  init(count: Int, augmentation: TrainingConfiguration.Augmentation, generator: SeededGenerator) {
    precondition(count > 0)
    self.count = count
    self.augmentation = augmentation
    self.generator = generator
    order = Array(0..<count)
    next = count
  }

  /// The next images.
  mutating func batch(_ size: Int) -> [AugmentedImage] {
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
