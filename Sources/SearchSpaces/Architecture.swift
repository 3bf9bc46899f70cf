/// The choices that define a network, independent of data set and device.
///
///     let architecture = Architecture(space: "nasbench201", choices: ["cell.edge0-1": "nor_conv_3x3", …])
///
/// Whether the choices are complete and allowed is for ``SearchSpace/validate(_:)-(Architecture)`` to say.
public struct Architecture: Hashable, Codable, Sendable {
  /// The name of the search space whose decisions are taken.
  public let space: String
  /// The chosen value of every decision, by the decision's name.
  public let choices: [String: String]

  /// Creates an architecture.
  public init(space: String, choices: [String: String]) {
    self.space = space
    self.choices = choices
  }

  /// Canonical text: equal for equal architectures, different for different ones of one space.
  public var key: String {
    ([space] + choices.keys.sorted().map { "\($0)=\(choices[$0]!)" }).joined(separator: ";")
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case space, choices }

  /// Decodes `{space, choices}`; other keys are refused.
  public init(from decoder: any Decoder) throws {
    try decoder.refuseUnknownKeys(CodingKeys.allCases.map(\.rawValue))
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      space: try container.decode(String.self, forKey: .space),
      choices: try container.decode([String: String].self, forKey: .choices))
  }
}
