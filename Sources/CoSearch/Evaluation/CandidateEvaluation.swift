import Foundation
import Foundations
import SearchSpaces

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
  /// Evaluates one candidate: the stateless unit of work, whose result depends on nothing but candidate, experiment
  /// and schedule database.
  ///
  /// - Precondition: the candidate is one of the space's; candidate files are validated when they are read.
  /// - Throws: ``SearchError`` for what concerns not this candidate alone.
  public func evaluation(of candidate: Candidate, experiment: Experiment) throws(SearchError)
    -> CandidateEvaluation
  {
    let start = ContinuousClock.now
    let outcome = try evaluate(candidate, for: experiment.devices)
    return CandidateEvaluation(
      experiment: experiment.name, candidate: candidate, outcome: outcome, seconds: start.secondsUntilNow)
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
