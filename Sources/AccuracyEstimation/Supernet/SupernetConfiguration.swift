import Training

/// How a supernet is trained and its networks are judged.
public struct SupernetConfiguration: Codable, Hashable, Sendable {
  /// What is trained in a step.
  public enum Sampling: Codable, Hashable, Sendable {
    /// Networks drawn independently of each other; a single one is single-path one-shot (Guo et al., arXiv 1904.00420).
    case independent(subnets: Int)
    /// Several sizes of one drawn network: the largest that is admitted, the smallest, and random ones
    /// (Yu and Huang, arXiv 1903.05134).
    case sandwich(subnets: Int)
  }

  /// A part of the training in which only some sizes are trained (progressive shrinking, Cai et al., arXiv 1908.09791).
  public struct Phase: Codable, Hashable, Sendable {
    /// The share of all steps, relative to the other phases' shares.
    public var share: Double
    /// Widths (`stemChannels`); nil for all of the space.
    public var widths: [Int]?
    /// Cells per stage; nil for all of the space.
    public var depths: [Int]?

    /// Creates a phase.
    public init(share: Double, widths: [Int]? = nil, depths: [Int]? = nil) {
      self.share = share
      self.widths = widths
      self.depths = depths
    }
  }

  /// Images to train on.
  public var trainImages: Int
  /// Other images to judge networks by.
  public var validationImages: Int
  /// Training images that batch norms are recalibrated on for every network judged: a multiple of 32.
  public var recalibrationImages: Int
  /// Whether the last layer is fitted anew for every network judged, by cross-validation on the validation images.
  public var refitsClassifier: Bool
  /// The training of the shared weights.
  public var training: TrainingConfiguration
  /// What is trained in a step; the gradients of all its networks are summed.
  public var sampling: Sampling
  /// How many times as often an operation with weights is drawn as one without; 1 draws all with equal probability.
  ///
  /// Operations without weights need no training, and every network that has one in place of a convolution trains the
  /// rest of the network to do without it.
  public var operationEmphasis: Double
  /// Whether the smaller networks of a step learn from the largest one's answers; only with
  /// ``Sampling/sandwich(subnets:)``.
  public var distillation: Bool
  /// The phases; empty for one phase with all sizes.
  public var phases: [Phase]

  /// Creates a configuration.
  public init(
    trainImages: Int, validationImages: Int, recalibrationImages: Int = 64,
    refitsClassifier: Bool = true, training: TrainingConfiguration,
    sampling: Sampling = .independent(subnets: 8), operationEmphasis: Double = 6, distillation: Bool = false,
    phases: [Phase] = []
  ) {
    self.trainImages = trainImages
    self.validationImages = validationImages
    self.recalibrationImages = recalibrationImages
    self.refitsClassifier = refitsClassifier
    self.training = training
    self.sampling = sampling
    self.operationEmphasis = operationEmphasis
    self.distillation = distillation
    self.phases = phases
  }

  /// Checks every field.
  ///
  /// - Parameters:
  ///   - widths: the widths of the space.
  ///   - depths: the depths of the space.
  /// - Throws: `TrainingError.invalidConfiguration` for the first field that makes no sense.
  public func validate(widths: [Int], depths: [Int]) throws(TrainingError) {
    func require(_ condition: Bool, _ field: String, _ reason: String) throws(TrainingError) {
      if !condition { throw .invalidConfiguration(field: field, reason: reason) }
    }
    try training.validate()
    let chunk = TrainingConfiguration.chunkSize
    try require(trainImages > 0, "trainImages", "\(trainImages) is not positive")
    try require(validationImages > 0, "validationImages", "\(validationImages) is not positive")
    try require(
      recalibrationImages > 0 && recalibrationImages % chunk == 0 && recalibrationImages <= trainImages,
      "recalibrationImages",
      "\(recalibrationImages) is not a positive multiple of \(chunk) up to trainImages, \(trainImages)")
    switch sampling {
    case .sandwich(let subnets):
      try require((2...64).contains(subnets), "subnetsPerStep", "\(subnets) is not in 2...64")
    case .independent(let subnets):
      try require((1...64).contains(subnets), "subnetsPerStep", "\(subnets) is not in 1...64")
      try require(!distillation, "distillation", "needs the sampling 'sandwich'")
    }
    try require(
      (1...1000).contains(operationEmphasis), "operationEmphasis", "\(operationEmphasis) is not in 1...1000")
    for phase in phases {
      try require(
        phase.share.isFinite && phase.share > 0, "phases", "the share \(phase.share) is not positive")
      for (name, chosen, all) in [("width", phase.widths, widths), ("depth", phase.depths, depths)] {
        try require(chosen?.isEmpty != true, "phases", "a list of \(name)s is empty")
        if let other = chosen?.first(where: { !all.contains($0) }) {
          throw .invalidConfiguration(
            field: "phases",
            reason: "the space has no \(name) \(other), only \(all.map(String.init).joined(separator: ", "))")
        }
      }
    }
  }
}
