import Foundation

/// One way of writing numbers for people, in tables and in the report.
public enum NumberFormat {
  /// A share in [0, 1] as a percentage with two decimals.
  public static func percent(_ share: Double) -> String { String(format: "%.2f %%", share * 100) }

  /// Milliseconds with three significant digits.
  public static func milliseconds(_ value: Double) -> String {
    String(
      format: value >= 100 ? "%.0f ms" : value >= 10 ? "%.1f ms" : value >= 1 ? "%.2f ms" : "%.3f ms", value)
  }

  /// A number with four significant digits and no superfluous zeros: `2.303`, `0.05`.
  public static func decimal(_ value: Double) -> String { String(format: "%.4g", value) }

  /// What an estimator found: an accuracy as a percentage, or a score that is no accuracy as a plain number.
  public static func estimate(accuracy: Double?, merit: Double) -> String {
    accuracy.map(percent) ?? "score " + score(merit)
  }

  /// A score with five significant digits.
  public static func score(_ value: Double) -> String { String(format: "%.5g", value) }

  /// A ratio with two decimals: `1.25×`.
  public static func ratio(_ value: Double) -> String { String(format: "%.2f×", value) }

  /// A duration as `42 s`, `3 min 07 s` or `2 h 05 min`.
  public static func duration(seconds: Double) -> String {
    let whole = Int(max(0, seconds).rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return String(format: "%d min %02d s", whole / 60, whole % 60) }
    return String(format: "%d h %02d min", whole / 3600, whole % 3600 / 60)
  }

  /// An integer with thousands separators: `1,234,567`.
  public static func grouped(_ value: Int) -> String {
    var digits = Array(String(value.magnitude))
    var index = digits.count - 3
    while index > 0 {
      digits.insert(",", at: index)
      index -= 3
    }
    return (value < 0 ? "-" : "") + String(digits)
  }

  /// A count with a decimal unit: `950`, `12.3 k`, `4.56 M`.
  public static func short(_ value: Int) -> String {
    for (unit, scale) in [("G", 1e9), ("M", 1e6), ("k", 1e3)] where Double(value) >= scale {
      return String(format: "%.3g ", Double(value) / scale) + unit
    }
    return "\(value)"
  }
}
