import Foundation
import Foundations

/// Predicts accuracies from architectures, after the accuracies of a sample: an ensemble whose mean is the prediction and
/// whose spread says how sure it is.
///
/// Every member is trained on a bootstrap sample (as many draws with replacement as there are samples) with a generator
/// of its own. A file of one (`Formats/AccuracyPredictor.schema.json`) is a predictor again, bit for bit.
public struct AccuracyPredictor: Hashable, Sendable {
  /// The kinds of members.
  public enum Model: String, CaseIterable, Codable, Sendable {
    /// Gradient-boosted regression trees: the better choice for a few hundred samples.
    case boostedTrees
    /// A perceptron of two hidden layers, as in CHaNAS.
    case mlp
  }

  /// An architecture's features and its accuracy.
  public struct Sample: Hashable, Sendable {
    /// As ``ArchitectureEncoding`` gives them.
    public let features: [Double]
    /// What is to be predicted.
    public let accuracy: Double

    /// Creates a sample.
    public init(features: [Double], accuracy: Double) {
      self.features = features
      self.accuracy = accuracy
    }
  }

  /// A prediction.
  public struct Prediction: Hashable, Sendable {
    /// The mean of the members.
    public let mean: Double
    /// The standard deviation over the members (dividing by one less than their number).
    public let standardDeviation: Double
  }

  /// How well samples were ranked by predictors that had not seen them.
  public struct CrossValidation: Hashable, Codable, Sendable {
    /// Kendall's τ-b between predictions and accuracies.
    public let kendallTau: Double
    /// Into how many parts the samples were divided.
    public let folds: Int
    /// The samples.
    public let samples: Int
  }

  /// The encoding of the architectures.
  public let encoding: ArchitectureEncoding
  /// The kind of the members.
  public let model: Model
  /// How well it ranks; nil if that was not found out.
  public let crossValidation: CrossValidation?
  private let members: [Member]

  private enum Member: Hashable, Sendable {
    case boostedTrees(BoostedTrees)
    case mlp(MultilayerPerceptron)

    func predict(_ row: [Double]) -> Double {
      switch self {
      case .boostedTrees(let trees): trees.predict(row)
      case .mlp(let network): network.predict(row)
      }
    }

    /// Whether rows of as many features can be predicted.
    func isConsistent(features: Int) -> Bool {
      switch self {
      case .boostedTrees(let trees): trees.isConsistent(features: features)
      case .mlp(let network): network.isConsistent(features: features)
      }
    }
  }

  /// Trains a predictor.
  ///
  /// - Parameters:
  ///   - members: the size of the ensemble: at least 2.
  ///   - folds: of the cross-validation; 0 for none.
  /// - Precondition: at least two samples, of the encoding's size.
  /// - Complexity: (folds + 1) · members trainings.
  public init(
    samples: [Sample], encoding: ArchitectureEncoding, model: Model, members: Int = 8, folds: Int = 5,
    seed: UInt64
  ) {
    precondition(samples.count >= 2 && members >= 2, "a predictor needs two samples and two members")
    precondition(samples.allSatisfy { $0.features.count == encoding.count }, "features of another encoding")
    self.encoding = encoding
    self.model = model
    self.members = Self.ensemble(samples, model, count: members, seed: seed)
    let parts = min(folds, samples.count)
    crossValidation =
      parts < 2 ? nil : Self.crossValidate(samples, model, members: members, folds: parts, seed: seed)
  }

  /// The prediction for one architecture's features.
  ///
  /// - Precondition: they are of the encoding's size.
  public func predict(_ features: [Double]) -> Prediction {
    precondition(features.count == encoding.count, "features of another encoding")
    return Self.prediction(members, features)
  }

  private static func prediction(_ members: [Member], _ features: [Double]) -> Prediction {
    let values = members.map { $0.predict(features) }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return Prediction(mean: mean, standardDeviation: (squares / Double(values.count - 1)).squareRoot())
  }

  private static func ensemble(_ samples: [Sample], _ model: Model, count: Int, seed: UInt64) -> [Member] {
    let (features, targets) = (samples.map(\.features), samples.map(\.accuracy))
    return (0..<count).map { number in
      var generator = SeededGenerator(seed: seed, stream: UInt64(number))
      var weights = [Double](repeating: 0, count: samples.count)
      for _ in samples { weights[Int.random(in: samples.indices, using: &generator)] += 1 }
      switch model {
      case .boostedTrees:
        return .boostedTrees(
          BoostedTrees(features: features, targets: targets, weights: weights, using: &generator))
      case .mlp:
        return .mlp(
          MultilayerPerceptron(features: features, targets: targets, weights: weights, using: &generator))
      }
    }
  }

  private static func crossValidate(
    _ samples: [Sample], _ model: Model, members: Int, folds: Int, seed: UInt64
  ) -> CrossValidation {
    var generator = SeededGenerator(seed: seed, stream: .max)
    let order = samples.indices.shuffled(using: &generator)
    var predictions = [Double](repeating: 0, count: samples.count)
    for fold in 0..<folds {
      let rest = order.indices.filter { $0 % folds != fold }.map { samples[order[$0]] }
      let ensemble = ensemble(rest, model, count: members, seed: seed)
      for position in order.indices where position % folds == fold {
        predictions[order[position]] = prediction(ensemble, samples[order[position]].features).mean
      }
    }
    return CrossValidation(
      kendallTau: RankCorrelation.kendall(predictions, samples.map(\.accuracy)), folds: folds,
      samples: samples.count)
  }
}

extension AccuracyPredictor: Codable {
  /// The version of the format that this code reads and writes.
  public static let currentSchemaVersion = 1

  private enum CodingKeys: String, CodingKey { case schemaVersion, encoding, model, crossValidation, members }

  /// Reads a predictor; other versions of the format are refused.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let version = try container.decode(Int.self, forKey: .schemaVersion)
    guard version == Self.currentSchemaVersion else {
      throw DecodingError.dataCorruptedError(
        forKey: .schemaVersion, in: container,
        debugDescription: "version \(version) is unknown; this program reads \(Self.currentSchemaVersion)")
    }
    encoding = try container.decode(ArchitectureEncoding.self, forKey: .encoding)
    model = try container.decode(Model.self, forKey: .model)
    crossValidation = try container.decodeIfPresent(CrossValidation.self, forKey: .crossValidation)
    switch model {
    case .boostedTrees:
      members = try container.decode([BoostedTrees].self, forKey: .members).map { .boostedTrees($0) }
    case .mlp: members = try container.decode([MultilayerPerceptron].self, forKey: .members).map { .mlp($0) }
    }
    guard members.count >= 2, members.allSatisfy({ $0.isConsistent(features: encoding.count) }) else {
      throw DecodingError.dataCorruptedError(
        forKey: .members, in: container, debugDescription: "the members do not fit the encoding")
    }
  }

  /// Writes a predictor.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(Self.currentSchemaVersion, forKey: .schemaVersion)
    try container.encode(encoding, forKey: .encoding)
    try container.encode(model, forKey: .model)
    try container.encodeIfPresent(crossValidation, forKey: .crossValidation)
    var list = container.nestedUnkeyedContainer(forKey: .members)
    for member in members {
      switch member {
      case .boostedTrees(let trees): try list.encode(trees)
      case .mlp(let network): try list.encode(network)
      }
    }
  }
}
