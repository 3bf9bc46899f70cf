/// How many output rows the im2col panels of a network cover: where workspace and speed meet.
public enum RowTile: Hashable, Sendable {
  /// This many rows, or the whole image where it has fewer.
  case rows(Int)
  /// The whole image.
  case whole
  /// For every operator the tile that was measured to be the fastest of those that fit the device's memory.
  case fit

  /// As search-space files and candidates write it: a number of rows, `whole` or `fit`.
  public var text: String {
    switch self {
    case .rows(let rows): String(rows)
    case .whole: "whole"
    case .fit: "fit"
    }
  }

  /// Reads what ``text`` writes; nil for anything else, and for numbers below 1.
  public init?(text: String) {
    switch text {
    case RowTile.whole.text: self = .whole
    case RowTile.fit.text: self = .fit
    default:
      guard let rows = Int(text), rows > 0, String(rows) == text else { return nil }
      self = .rows(rows)
    }
  }
}

extension RowTile: Codable {
  /// Reads a number of rows, `"whole"` or `"fit"`; anything else is refused.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let rows = try? container.decode(Int.self), rows > 0 {
      self = .rows(rows)
    } else if let word = try? container.decode(String.self), let tile = RowTile(text: word),
      tile == .whole || tile == .fit
    {
      self = tile
    } else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "expected a positive number of rows, \"whole\" or \"fit\"")
    }
  }

  /// Writes a number of rows, `"whole"` or `"fit"`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if case .rows(let rows) = self { try container.encode(rows) } else { try container.encode(text) }
  }
}
