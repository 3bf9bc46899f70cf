import SearchSpaces

/// A scheduling policy in a few words.
public enum PolicyText {
  /// For example `fusion activation, hmcos, 4 rows`; where row tiles are fitted to the memory, `fusion none, rpo, fit`.
  public static func describe(_ policy: SchedulingPolicy) -> String {
    let rows =
      switch policy.rowTile {
      case .rows(let count): count == 1 ? "1 row" : "\(count) rows"
      case .whole: "whole image"
      case .fit: "fit"
      }
    let layout = policy.layout == .nchw ? "" : ", \(policy.layout.rawValue)"
    return "fusion \(policy.fusion.rawValue), \(policy.scheduler), \(rows)\(layout)"
  }
}
