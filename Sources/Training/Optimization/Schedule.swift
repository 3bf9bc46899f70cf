extension TrainingConfiguration {
  /// How the learning rate changes from step to step; see ``LearningRateSchedule``.
  public enum Schedule: Hashable, Sendable {
    /// A linear warm-up, then half a cosine down to zero.
    case cosine
    /// A linear warm-up, then the highest rate to the end.
    case constant
    /// Up, and down to far below the start (Smith and Topin, arXiv 1708.07120); the warm-up is the way up, for which
    /// 0.3 of all steps is usual.
    case oneCycle(OneCycle)

    /// The name in files.
    public var name: String {
      switch self {
      case .cosine: "cosine"
      case .constant: "constant"
      case .oneCycle: "oneCycle"
      }
    }

    /// The names that there are.
    public static let names = ["cosine", "constant", "oneCycle"]
  }

  /// The numbers of a one-cycle schedule.
  public struct OneCycle: Hashable, Sendable {
    /// The first rate is the highest divided by this; at least 1.
    public var startDivisor: Double
    /// The last rate is the first divided by this; at least 1.
    public var endDivisor: Double
    /// The momentum at the highest rate; the configuration's momentum is that of first and last step. Nil leaves the
    /// momentum alone.
    public var lowestMomentum: Double?

    /// Creates the numbers.
    public init(startDivisor: Double = 25, endDivisor: Double = 10_000, lowestMomentum: Double? = nil) {
      self.startDivisor = startDivisor
      self.endDivisor = endDivisor
      self.lowestMomentum = lowestMomentum
    }
  }
}

extension TrainingConfiguration.Schedule: Codable {
  private enum CodingKeys: String, CodingKey { case name, startDivisor, endDivisor, lowestMomentum }

  /// Decodes `{name, …}`; numbers that are left out have their defaults.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    switch try container.decode(String.self, forKey: .name) {
    case "cosine": self = .cosine
    case "constant": self = .constant
    case "oneCycle":
      let usual = TrainingConfiguration.OneCycle()
      self = .oneCycle(
        .init(
          startDivisor: try container.decodeIfPresent(Double.self, forKey: .startDivisor)
            ?? usual.startDivisor,
          endDivisor: try container.decodeIfPresent(Double.self, forKey: .endDivisor) ?? usual.endDivisor,
          lowestMomentum: try container.decodeIfPresent(Double.self, forKey: .lowestMomentum)))
    case let other:
      throw DecodingError.dataCorruptedError(
        forKey: .name, in: container, debugDescription: "there is no schedule '\(other)'")
    }
  }

  /// Encodes `{name, …}`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    if case .oneCycle(let numbers) = self {
      try container.encode(numbers.startDivisor, forKey: .startDivisor)
      try container.encode(numbers.endDivisor, forKey: .endDivisor)
      try container.encodeIfPresent(numbers.lowestMomentum, forKey: .lowestMomentum)
    }
  }
}
