import Foundation

/// Maps a range of numbers to pixels, with ticks at round numbers.
public struct AxisScale: Sendable {
  /// The first tick.
  public let lower: Double
  /// The last tick.
  public let upper: Double
  /// The pixels of first and last tick.
  public let pixels: ClosedRange<Double>
  /// Round numbers at equal distances.
  public let ticks: [Double]
  private let decimals: Int

  /// Creates a scale that contains `values`, widened to round numbers.
  public init(
    values: [Double], pixels: ClosedRange<Double>, includesZero: Bool = false, desiredTicks: Int = 6
  ) {
    var low = values.min() ?? 0
    var high = values.max() ?? 1
    if includesZero { low = min(low, 0) }
    if high <= low {
      high = low + (low == 0 ? 1 : abs(low) * 0.1)
    }
    let rough = (high - low) / Double(desiredTicks)
    let power = pow(10, log10(rough).rounded(.down))
    let step = [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= rough } ?? rough
    lower = (low / step).rounded(.down) * step
    upper = (high / step).rounded(.up) * step
    let count = Int(((upper - lower) / step).rounded())
    let first = lower
    ticks = (0...max(1, count)).map { first + Double($0) * step }
    decimals = max(0, Int((-log10(step)).rounded(.up)) + (step / power == 2.5 ? 1 : 0))
    self.pixels = pixels
  }

  /// The pixel of a value; `flipped` counts from the upper end of the range.
  public func position(_ value: Double, flipped: Bool = false) -> Double {
    let share = (value - lower) / (upper - lower)
    let width = pixels.upperBound - pixels.lowerBound
    return flipped ? pixels.upperBound - share * width : pixels.lowerBound + share * width
  }

  /// A tick's label with just the decimals that the steps need.
  public func label(_ tick: Double) -> String { String(format: "%.\(decimals)f", tick) }
}
