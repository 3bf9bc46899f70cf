import ComputationGraph

/// The scheduling choices that are searched together with the architecture.
public struct SchedulingPolicy: Hashable, Codable, Sendable {
  /// How far operators are fused for inference (graph level).
  public var fusion: FusionLevel
  /// The operator scheduler's name: `rpo`, `hmcos`… (graph level).
  public var scheduler: String
  /// Output rows that one im2col panel covers (operator level).
  public var rowTile: RowTile
  /// How images between operators lie in memory (graph level).
  public var layout: TensorLayout

  /// Creates a policy. - Precondition: a row tile that is a number is positive.
  public init(fusion: FusionLevel, scheduler: String, rowTile: RowTile, layout: TensorLayout = .nchw) {
    if case .rows(let rows) = rowTile { precondition(rows > 0, "a row tile has at least one row") }
    self.fusion = fusion
    self.scheduler = scheduler
    self.rowTile = rowTile
    self.layout = layout
  }

  /// Canonical text: equal for equal policies, different for different ones.
  public var key: String {
    "fusion=\(fusion.rawValue)" + (layout == .nchw ? "" : ";layout=\(layout.rawValue)")
      + ";rowTile=\(rowTile.text);scheduler=\(scheduler)"
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case fusion, scheduler, rowTile, layout }

  /// Decodes `{fusion, scheduler, rowTile, layout}`, the last only where it is not NCHW; other keys are refused.
  public init(from decoder: any Decoder) throws {
    try decoder.refuseUnknownKeys(CodingKeys.allCases.map(\.rawValue))
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      fusion: try container.decode(FusionLevel.self, forKey: .fusion),
      scheduler: try container.decode(String.self, forKey: .scheduler),
      rowTile: try container.decode(RowTile.self, forKey: .rowTile),
      layout: try container.decodeIfPresent(TensorLayout.self, forKey: .layout) ?? .nchw)
  }

  /// Encodes what ``init(from:)`` reads.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(fusion, forKey: .fusion)
    try container.encode(scheduler, forKey: .scheduler)
    try container.encode(rowTile, forKey: .rowTile)
    if layout != .nchw { try container.encode(layout, forKey: .layout) }
  }
}
