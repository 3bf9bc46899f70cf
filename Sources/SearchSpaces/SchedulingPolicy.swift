import ComputationGraph

/// The scheduling choices that are searched together with the architecture.
public struct SchedulingPolicy: Hashable, Codable, Sendable {
  /// How far operators are fused for inference (graph level).
  public var fusion: FusionLevel
  /// The operator scheduler's name: `rpo`, `hmcos`… (graph level).
  public var scheduler: String
  /// Output rows that one im2col panel covers (operator level); nil for the whole image.
  public var rowTile: Int?

  /// Creates a policy. - Precondition: `rowTile` is nil or positive.
  public init(fusion: FusionLevel, scheduler: String, rowTile: Int?) {
    precondition((rowTile ?? 1) > 0, "a row tile has at least one row")
    self.fusion = fusion
    self.scheduler = scheduler
    self.rowTile = rowTile
  }

  /// Canonical text: equal for equal policies, different for different ones.
  public var key: String { "fusion=\(fusion.rawValue);rowTile=\(rowTileText);scheduler=\(scheduler)" }

  /// The row tile as search-space files write it: a number of rows or `whole`.
  var rowTileText: String { rowTile.map(String.init) ?? Self.wholeImage }

  static let wholeImage = "whole"

  private enum CodingKeys: String, CodingKey, CaseIterable { case fusion, scheduler, rowTile }

  /// Encodes `{fusion, scheduler, rowTile}` with `rowTile` a number or `"whole"`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(fusion, forKey: .fusion)
    try container.encode(scheduler, forKey: .scheduler)
    if let rowTile {
      try container.encode(rowTile, forKey: .rowTile)
    } else {
      try container.encode(Self.wholeImage, forKey: .rowTile)
    }
  }

  /// Decodes what ``encode(to:)`` writes; other keys, and row tiles below 1, are refused.
  public init(from decoder: any Decoder) throws {
    try decoder.refuseUnknownKeys(CodingKeys.allCases.map(\.rawValue))
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let rowTile: Int?
    if let text = try? container.decode(String.self, forKey: .rowTile), text == Self.wholeImage {
      rowTile = nil
    } else {
      rowTile = try container.decode(Int.self, forKey: .rowTile)
    }
    guard (rowTile ?? 1) > 0 else {
      throw DecodingError.dataCorruptedError(
        forKey: .rowTile, in: container, debugDescription: "expected a positive number of rows or \"whole\"")
    }
    self.init(
      fusion: try container.decode(FusionLevel.self, forKey: .fusion),
      scheduler: try container.decode(String.self, forKey: .scheduler), rowTile: rowTile)
  }
}
