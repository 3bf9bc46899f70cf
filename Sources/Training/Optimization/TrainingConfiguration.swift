/// How a network is trained.
public struct TrainingConfiguration: Codable, Hashable, Sendable {
  /// Passes over the training images; fractions are allowed.
  public var epochs: Double
  /// Images in one step: a multiple of ``chunkSize``.
  public var batchSize: Int
  /// The learning rate at its highest.
  public var learningRate: Double
  /// The momentum of stochastic gradient descent.
  public var momentum: Double
  /// The factor of the weights in their gradient; not applied to batch norms and biases.
  public var weightDecay: Double
  /// Whether momentum looks ahead (Nesterov).
  public var nesterov: Bool
  /// The fraction of all steps in which the learning rate rises linearly to its highest, before the cosine falls.
  public var warmupFraction: Double
  /// Random changes to the training images.
  public var augmentation: Augmentation
  /// The share of the target probability spread over all classes.
  public var labelSmoothing: Double
  /// Worker threads. They change the speed, never the result.
  public var threads: Int
  /// The seed of initial weights, order of images and augmentation.
  public var seed: UInt64

  /// Images whose statistics a batch norm uses in training, and the unit that a thread works on.
  public static let chunkSize = 32

  /// Creates a configuration; the defaults suit small networks on images like Fashion-MNIST.
  public init(
    epochs: Double = 1, batchSize: Int = 64, learningRate: Double = 0.2, momentum: Double = 0.9,
    weightDecay: Double = 5e-4, nesterov: Bool = true, warmupFraction: Double = 0.1,
    augmentation: Augmentation = .none, labelSmoothing: Double = 0, threads: Int = 2, seed: UInt64 = 0
  ) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.nesterov = nesterov
    self.warmupFraction = warmupFraction
    self.augmentation = augmentation
    self.labelSmoothing = labelSmoothing
    self.threads = threads
    self.seed = seed
  }

  /// Random changes to training images, applied to each image every time it is seen.
  public struct Augmentation: Codable, Hashable, Sendable {
    /// Whether half of the images are mirrored left to right.
    public var horizontalFlip: Bool
    /// The image is shifted by up to this many pixels in each direction; black pixels come in. 0 for none.
    public var cropPadding: Int

    /// Creates an augmentation.
    public init(horizontalFlip: Bool, cropPadding: Int) {
      self.horizontalFlip = horizontalFlip
      self.cropPadding = cropPadding
    }

    /// Images as they are.
    public static let none = Augmentation(horizontalFlip: false, cropPadding: 0)
  }

  /// Checks every field.
  ///
  /// - Throws: ``TrainingError/invalidConfiguration(field:reason:)`` for the first that makes no sense.
  public func validate() throws(TrainingError) {
    func require(_ condition: Bool, _ field: String, _ reason: String) throws(TrainingError) {
      if !condition { throw .invalidConfiguration(field: field, reason: reason) }
    }
    try require(epochs.isFinite && epochs > 0 && epochs <= 1e6, "epochs", "\(epochs) is not in (0, 1000000]")
    try require(
      batchSize > 0 && batchSize % Self.chunkSize == 0 && batchSize <= 65_536, "batchSize",
      "\(batchSize) is not a positive multiple of \(Self.chunkSize) up to 65536")
    try require(
      learningRate.isFinite && learningRate > 0, "learningRate", "\(learningRate) is not positive")
    try require(momentum >= 0 && momentum < 1, "momentum", "\(momentum) is not in [0, 1)")
    try require(!nesterov || momentum > 0, "nesterov", "needs a momentum above 0")
    try require(weightDecay.isFinite && weightDecay >= 0, "weightDecay", "\(weightDecay) is negative")
    try require(
      warmupFraction >= 0 && warmupFraction < 1, "warmupFraction", "\(warmupFraction) is not in [0, 1)")
    try require(
      labelSmoothing >= 0 && labelSmoothing < 1, "labelSmoothing", "\(labelSmoothing) is not in [0, 1)")
    try require(
      (0...64).contains(augmentation.cropPadding), "augmentation.cropPadding",
      "\(augmentation.cropPadding) is not in 0...64")
    try require((1...1024).contains(threads), "threads", "\(threads) is not in 1...1024")
  }
}
