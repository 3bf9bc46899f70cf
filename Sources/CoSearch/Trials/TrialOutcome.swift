/// What became of a candidate.
public enum TrialOutcome: Hashable, Sendable {
  /// No device admits it: nothing expensive was done. One reason per device, by device name.
  case rejected([String: Rejection])
  /// At least one device admits it, and accuracy and latency are known.
  case measured(Measurement)
  /// It could not be evaluated; the search goes on.
  case failed(TrialFailure)
}

extension TrialOutcome: Codable {
  private enum Key: String, CodingKey { case kind, rejections, measurement, failure }

  /// The outcome without its details, as stored and counted.
  public enum Kind: String, Codable, CaseIterable, Sendable { case rejected, measured, failed }

  /// Which of the three it is.
  public var kind: Kind {
    switch self {
    case .rejected: .rejected
    case .measured: .measured
    case .failed: .failed
    }
  }

  /// Reads `{"kind": …}` with the details under a key of their own.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    switch try container.decode(Kind.self, forKey: .kind) {
    case .rejected: self = .rejected(try container.decode([String: Rejection].self, forKey: .rejections))
    case .measured: self = .measured(try container.decode(Measurement.self, forKey: .measurement))
    case .failed: self = .failed(try container.decode(TrialFailure.self, forKey: .failure))
    }
  }

  /// Writes `{"kind": …}` with the details under a key of their own.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(kind, forKey: .kind)
    switch self {
    case .rejected(let rejections): try container.encode(rejections, forKey: .rejections)
    case .measured(let measurement): try container.encode(measurement, forKey: .measurement)
    case .failed(let failure): try container.encode(failure, forKey: .failure)
    }
  }
}

/// An evaluation that broke off.
public struct TrialFailure: Codable, Hashable, Sendable {
  /// The stages in which an evaluation can fail.
  public enum Stage: String, Codable, CaseIterable, Sendable { case lowering, planning, latency, accuracy }

  /// Where it broke off.
  public let stage: Stage
  /// One sentence for people, such as the step at which the training diverged.
  public let message: String
  /// The devices that had rejected the candidate before.
  public let rejections: [String: Rejection]

  /// Creates a failure.
  public init(stage: Stage, message: String, rejections: [String: Rejection] = [:]) {
    self.stage = stage
    self.message = message
    self.rejections = rejections
  }
}
