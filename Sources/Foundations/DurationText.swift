/// Reads durations as people write them: `10s`, `500ms`, `2min`, `1h`.
public enum DurationText {
  private static let units: [(suffix: String, seconds: Double)] = [
    ("ms", 0.001), ("min", 60), ("s", 1), ("h", 3600),
  ]

  /// The duration that `text` names, or nil if it is none, is not positive or is longer than a year.
  public static func parse(_ text: String) -> Duration? {
    guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
    let number = text.dropLast(unit.suffix.count)
    guard !number.isEmpty, number.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }),
      let value = Double(number)
    else { return nil }
    let seconds = value * unit.seconds
    return seconds > 0 && seconds <= 366 * 86_400 ? .seconds(seconds) : nil
  }
}
