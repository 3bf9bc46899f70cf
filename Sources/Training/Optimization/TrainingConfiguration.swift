/// How a network is trained.
public struct TrainingConfiguration: Hashable, Sendable {
  /// Passes over the training images; fractions are allowed.
  public var epochs: Double
  /// Images in one step: a multiple of ``chunkSize``.
  public var batchSize: Int
  /// The learning rate at its highest.
  public var learningRate: Double
  /// How gradients change the weights.
  public var optimizer: Optimizer
  /// The momentum of stochastic gradient descent.
  public var momentum: Double
  /// The factor of the weights in their gradient, or what AdamW's schedule is multiplied by; not applied to batch norms
  /// and biases.
  public var weightDecay: Double
  /// Whether momentum looks ahead (Nesterov).
  public var nesterov: Bool
  /// How the learning rate changes.
  public var schedule: Schedule
  /// The fraction of all steps in which the learning rate rises linearly to its highest.
  public var warmupFraction: Double
  /// The longest that the gradient of all weights together may be (Euclidean norm); nil for any length.
  public var gradientClipping: Double?
  /// The average of the weights that is evaluated and kept instead of the last weights; nil for the last weights.
  public var averaging: Averaging?
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
    epochs: Double = 1, batchSize: Int = 64, learningRate: Double = 0.2, optimizer: Optimizer = .sgd,
    momentum: Double = 0.9, weightDecay: Double = 5e-4, nesterov: Bool = true, schedule: Schedule = .cosine,
    warmupFraction: Double = 0.1, gradientClipping: Double? = nil, averaging: Averaging? = nil,
    augmentation: Augmentation = .none, labelSmoothing: Double = 0, threads: Int = 2, seed: UInt64 = 0
  ) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.learningRate = learningRate
    self.optimizer = optimizer
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.nesterov = nesterov
    self.schedule = schedule
    self.warmupFraction = warmupFraction
    self.gradientClipping = gradientClipping
    self.averaging = averaging
    self.augmentation = augmentation
    self.labelSmoothing = labelSmoothing
    self.threads = threads
    self.seed = seed
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
    try require(
      (0...65_536).contains(augmentation.cutout), "augmentation.cutout",
      "\(augmentation.cutout) is not in 0...65536")
    try require(
      augmentation.mixup.isFinite && (0...100).contains(augmentation.mixup), "augmentation.mixup",
      "\(augmentation.mixup) is not in [0, 100]")
    if case .adamW(let numbers) = optimizer {
      try require((0..<1).contains(numbers.beta1), "optimizer.beta1", "\(numbers.beta1) is not in [0, 1)")
      try require((0..<1).contains(numbers.beta2), "optimizer.beta2", "\(numbers.beta2) is not in [0, 1)")
      try require(
        numbers.epsilon.isFinite && numbers.epsilon > 0, "optimizer.epsilon",
        "\(numbers.epsilon) is not positive")
    }
    if case .oneCycle(let cycle) = schedule {
      for (name, divisor) in [("startDivisor", cycle.startDivisor), ("endDivisor", cycle.endDivisor)] {
        try require((1...1e9).contains(divisor), "schedule.\(name)", "\(divisor) is not in [1, 1e9]")
      }
      if let lowest = cycle.lowestMomentum {
        try require(
          optimizer == .sgd, "schedule.lowestMomentum", "only the optimizer sgd has a momentum to cycle")
        try require(
          lowest >= 0 && lowest <= momentum, "schedule.lowestMomentum",
          "\(lowest) is not between 0 and the momentum, \(momentum)")
      }
    }
    if let gradientClipping {
      try require(
        gradientClipping.isFinite && gradientClipping > 0, "gradientClipping",
        "\(gradientClipping) is not positive")
    }
    if let averaging {
      try require(
        averaging.decay > 0 && averaging.decay < 1, "averaging.decay",
        "\(averaging.decay) is not between 0 and 1")
    }
    try require((1...1024).contains(threads), "threads", "\(threads) is not in 1...1024")
  }
}

extension TrainingConfiguration: Codable {
  private enum CodingKeys: String, CodingKey {
    case epochs, batchSize, learningRate, optimizer, momentum, weightDecay, nesterov, schedule, warmupFraction
    case gradientClipping, averaging, augmentation, labelSmoothing, threads, seed
  }

  /// Decodes a configuration; keys that files did not always have may be missing.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      epochs: try container.decode(Double.self, forKey: .epochs),
      batchSize: try container.decode(Int.self, forKey: .batchSize),
      learningRate: try container.decode(Double.self, forKey: .learningRate),
      optimizer: try container.decodeIfPresent(Optimizer.self, forKey: .optimizer) ?? .sgd,
      momentum: try container.decode(Double.self, forKey: .momentum),
      weightDecay: try container.decode(Double.self, forKey: .weightDecay),
      nesterov: try container.decode(Bool.self, forKey: .nesterov),
      schedule: try container.decodeIfPresent(Schedule.self, forKey: .schedule) ?? .cosine,
      warmupFraction: try container.decode(Double.self, forKey: .warmupFraction),
      gradientClipping: try container.decodeIfPresent(Double.self, forKey: .gradientClipping),
      averaging: try container.decodeIfPresent(Averaging.self, forKey: .averaging),
      augmentation: try container.decode(Augmentation.self, forKey: .augmentation),
      labelSmoothing: try container.decode(Double.self, forKey: .labelSmoothing),
      threads: try container.decode(Int.self, forKey: .threads),
      seed: try container.decode(UInt64.self, forKey: .seed))
  }
}
