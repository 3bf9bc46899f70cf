extension TrainingConfiguration {
  /// How gradients change the weights.
  public enum Optimizer: Hashable, Sendable {
    /// Stochastic gradient descent with the configuration's momentum; weight decay is added to the gradient.
    case sgd
    /// Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101); momentum and Nesterov's look-ahead
    /// are not used.
    case adamW(AdamW)

    /// The name in files.
    public var name: String {
      switch self {
      case .sgd: "sgd"
      case .adamW: "adamW"
      }
    }

    /// The names that there are.
    public static let names = ["sgd", "adamW"]
  }

  /// The numbers of AdamW.
  public struct AdamW: Hashable, Sendable {
    /// The decay of the mean of the gradients, in [0, 1).
    public var beta1: Double
    /// The decay of the mean of their squares, in [0, 1).
    public var beta2: Double
    /// What is added to the root of the squares' mean; positive.
    public var epsilon: Double

    /// Creates the numbers; the defaults are the article's.
    public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
      self.beta1 = beta1
      self.beta2 = beta2
      self.epsilon = epsilon
    }
  }
}

extension TrainingConfiguration.Optimizer: Codable {
  private enum CodingKeys: String, CodingKey { case name, beta1, beta2, epsilon }

  /// Decodes `{name, …}`; numbers that are left out have their defaults.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    switch try container.decode(String.self, forKey: .name) {
    case "sgd": self = .sgd
    case "adamW":
      let usual = TrainingConfiguration.AdamW()
      self = .adamW(
        .init(
          beta1: try container.decodeIfPresent(Double.self, forKey: .beta1) ?? usual.beta1,
          beta2: try container.decodeIfPresent(Double.self, forKey: .beta2) ?? usual.beta2,
          epsilon: try container.decodeIfPresent(Double.self, forKey: .epsilon) ?? usual.epsilon))
    case let other:
      throw DecodingError.dataCorruptedError(
        forKey: .name, in: container, debugDescription: "there is no optimizer '\(other)'")
    }
  }

  /// Encodes `{name, …}`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    if case .adamW(let numbers) = self {
      try container.encode(numbers.beta1, forKey: .beta1)
      try container.encode(numbers.beta2, forKey: .beta2)
      try container.encode(numbers.epsilon, forKey: .epsilon)
    }
  }
}
