import Foundation
import Foundations
import SearchSpaces

/// What `tandem evaluate` is asked: one candidate, in the format of candidate files (`{schemaVersion, architecture,
/// policy}`, `Candidate.schema.json` of `SearchSpaces`), as `tandem space sample` writes them.
public struct EvaluationRequest: Codable, Hashable, Sendable {
  /// The version of the format that this code reads and writes.
  public static let currentSchemaVersion = 1

  /// The version of the format.
  public let schemaVersion: Int
  /// The candidate to evaluate.
  public let candidate: Candidate

  /// Creates a request.
  public init(candidate: Candidate) {
    schemaVersion = Self.currentSchemaVersion
    self.candidate = candidate
  }

  private enum CodingKeys: String, CodingKey { case schemaVersion, architecture, policy }

  /// Reads a request; other versions of the format are refused.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    schemaVersion = try container.decodeVersion(Self.currentSchemaVersion, forKey: .schemaVersion)
    candidate = Candidate(
      architecture: try container.decode(Architecture.self, forKey: .architecture),
      policy: try container.decode(SchedulingPolicy.self, forKey: .policy))
  }

  /// Writes the request as a candidate file.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(schemaVersion, forKey: .schemaVersion)
    try container.encode(candidate.architecture, forKey: .architecture)
    try container.encode(candidate.policy, forKey: .policy)
  }
}

/// What `tandem evaluate` answers (`Formats/CandidateEvaluation.schema.json`).
public struct CandidateEvaluation: Codable, Hashable, Sendable {
  /// The version of the format that this code reads and writes.
  public static let currentSchemaVersion = 1

  /// The version of the format.
  public let schemaVersion: Int
  /// The experiment that the candidate was evaluated for.
  public let experiment: String
  /// The candidate.
  public let candidate: Candidate
  /// What became of it.
  public let outcome: TrialOutcome
  /// Wall-clock time of the evaluation.
  public let seconds: Double

  /// Creates a result.
  public init(experiment: String, candidate: Candidate, outcome: TrialOutcome, seconds: Double) {
    schemaVersion = Self.currentSchemaVersion
    self.experiment = experiment
    self.candidate = candidate
    self.outcome = outcome
    self.seconds = seconds
  }

  private enum CodingKeys: String, CodingKey { case schemaVersion, experiment, candidate, outcome, seconds }

  /// Reads a result; other versions of the format are refused.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    schemaVersion = try container.decodeVersion(Self.currentSchemaVersion, forKey: .schemaVersion)
    experiment = try container.decode(String.self, forKey: .experiment)
    candidate = try container.decode(Candidate.self, forKey: .candidate)
    outcome = try container.decode(TrialOutcome.self, forKey: .outcome)
    seconds = try container.decode(Double.self, forKey: .seconds)
  }
}

extension CandidateEvaluator {
  /// Answers a request: the stateless unit of work, whose result depends on nothing but request, experiment and
  /// schedule database.
  ///
  /// - Throws: `SearchSpaceError` for a candidate that is none of the space; ``SearchError`` for what concerns not
  ///   this candidate alone.
  public func evaluate(_ request: EvaluationRequest, experiment: Experiment) throws -> CandidateEvaluation {
    try space.validate(request.candidate)
    let start = ContinuousClock.now
    let outcome = try evaluate(request.candidate, for: experiment.devices)
    return CandidateEvaluation(
      experiment: experiment.name, candidate: request.candidate, outcome: outcome,
      seconds: start.secondsUntilNow)
  }
}

extension KeyedDecodingContainer {
  /// A version number, which must be the one given.
  fileprivate func decodeVersion(_ expected: Int, forKey key: Key) throws -> Int {
    let found = try decode(Int.self, forKey: key)
    guard found == expected else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: self,
        debugDescription: "version \(found) is unknown; this program reads \(expected)")
    }
    return found
  }
}
