import SearchSpaces

/// A scheduling policy in a few words.
public enum PolicyText {
  /// For example `fusion activation, hmcos, 4 rows`.
  public static func describe(_ policy: SchedulingPolicy) -> String {
    let rows = policy.rowTile.map { $0 == 1 ? "1 row" : "\($0) rows" } ?? "whole image"
    return "fusion \(policy.fusion.rawValue), \(policy.scheduler), \(rows)"
  }
}
