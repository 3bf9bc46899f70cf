/// An architecture together with its scheduling policy: the unit of co-search.
public struct Candidate: Hashable, Codable, Sendable {
  /// The network.
  public let architecture: Architecture
  /// How it is scheduled.
  public let policy: SchedulingPolicy

  /// Creates a candidate.
  public init(architecture: Architecture, policy: SchedulingPolicy) {
    self.architecture = architecture
    self.policy = policy
  }

  /// Canonical text: equal for equal candidates, different for different ones of one space.
  public var key: String { "\(architecture.key) | \(policy.key)" }

  private enum CodingKeys: String, CodingKey, CaseIterable { case architecture, policy }

  /// Decodes `{architecture, policy}`; other keys are refused.
  public init(from decoder: any Decoder) throws {
    try decoder.refuseUnknownKeys(CodingKeys.allCases.map(\.rawValue))
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      architecture: try container.decode(Architecture.self, forKey: .architecture),
      policy: try container.decode(SchedulingPolicy.self, forKey: .policy))
  }
}
