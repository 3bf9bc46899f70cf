import BenchmarkSupport
import Foundation
import Reporting

/// A ratio with two decimals; never rounded to 1.00 unless it is 1.
func ratioText(_ value: Double) -> String {
  if value == 1 { return "1.00" }
  let text = String(format: "%.2f", value)
  return text == "1.00" ? String(format: "%.4f", value) : text
}

/// A share in [0, 1] as a percentage with one decimal.
func percentText(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }

/// How much an order needs above the lowest peak known.
func excessText(_ value: Double?) -> String {
  guard let value else { return "–" }
  return value == 1 ? "=" : String(format: "+%.1f %%", (value - 1) * 100)
}

/// The least and the largest of some shares, as percentages.
func rangeText(_ shares: [Double]) -> String {
  guard let spread = Spread(shares) else { return "–" }
  return "\(percentText(spread.minimum)) to \(percentText(spread.maximum))"
}

/// A time.
func durationText(_ seconds: Double) -> String {
  seconds >= 1 ? String(format: "%.1f s", seconds) : NumberFormat.milliseconds(seconds * 1000)
}

/// A factor with two or three significant digits.
func timesText(_ factor: Double) -> String {
  String(format: factor >= 100 ? "%.0f" : factor >= 10 ? "%.1f" : "%.2f", factor)
}
